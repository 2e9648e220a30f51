import { createHash } from 'node:crypto'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { root, say } from './process.mjs'

/**
 * Does `work` while no other run of this checkout does any such work: two first runs at once must not write over each
 * other's files.
 *
 * The lock is a name in Linux's abstract socket space: the kernel frees it when its holder ends, however that ends, so
 * nothing is ever left over. Where there is no such space, runs are not kept apart.
 */
export async function exclusively(work) {
  const name = `\0berth-setup-${createHash('sha256').update(root).digest('hex').slice(0, 16)}`
  let lock = await take(name)
  if (lock === 'taken') say('waiting for another run that sets up this checkout…')
  while (lock === 'taken') {
    await sleep(300)
    lock = await take(name)
  }
  try {
    return await work()
  } finally {
    lock?.close()
  }
}

/** The held lock, `taken`, or null where such locks do not exist. */
function take(name) {
  if (process.platform !== 'linux') return null
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error) => resolve(error.code === 'EADDRINUSE' ? 'taken' : null))
    server.listen(name, () => resolve(server))
  })
}
