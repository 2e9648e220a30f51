import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/**
 * Claims a data directory for this process, so that two Berths never work on the same files.
 *
 * The claim is an exclusive lock of the operating system on `berth.lock` (taken through SQLite, since Node has no file
 * locks of its own): the kernel gives it up when the process ends, however it ends, so nothing is ever stale, and it
 * holds between containers that share a volume. `berth.pid` beside it only says who holds it.
 * (Nothing else in this process may open and close `berth.lock`: that would give the lock up.)
 *
 * Returns the function that gives the claim up. Throws when another process holds it.
 */
export function claimDataDirectory(directory: string): () => void {
  mkdirSync(directory, { recursive: true })
  const holder = join(directory, 'berth.pid')
  const lock = new DatabaseSync(join(directory, 'berth.lock'))
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if (!/database is locked/.test(String(error))) throw error
    throw new Error(
      `Another Berth${holderIn(holder)} already uses the data directory ${directory}. ` +
        'Stop it first, or give this one a directory of its own with BERTH_DATA_DIR.',
      { cause: error },
    )
  }
  writeFileSync(holder, `${process.pid}\n`)
  return () => {
    rmSync(holder, { force: true })
    lock.close()
  }
}

function holderIn(file: string): string {
  try {
    return ` (process ${readFileSync(file, 'utf8').trim()})`
  } catch {
    return ''
  }
}
