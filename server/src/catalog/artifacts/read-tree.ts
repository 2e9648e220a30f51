import { Worker } from 'node:worker_threads'
import { sha256Hex } from '../../platform/crypto.ts'
import { TreeFault } from './tree.ts'

export interface Tree {
  /** `sha256:…` of the listing. */
  digest: string
  listing: string
}

type Answer = { listing: string } | { fault: string; isTreeFault: boolean }

/** Lists and hashes a folder in a thread of its own. Throws TreeFault, or an Error when the folder cannot be read. */
export async function readTree(root: string, ignore: string[] = []): Promise<Tree> {
  const worker = new Worker(new URL('./tree-worker.ts', import.meta.url), {
    workerData: { root, ignore },
    execArgv: [],
    env: {},
  })
  try {
    const answer = await new Promise<Answer>((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
      worker.once('exit', (code) => reject(new Error(`the thread that reads ${root} ended with ${code}`)))
    })
    if ('listing' in answer) return { listing: answer.listing, digest: sha256Hex(answer.listing) }
    throw answer.isTreeFault ? new TreeFault(answer.fault) : new Error(answer.fault)
  } finally {
    await worker.terminate()
  }
}
