import { readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import type { Queryable } from '../platform/db/database.ts'
import { journalName } from './journal.ts'
import { countOpenBatches, findPositions } from './store.ts'

export interface CallBacklog {
  files: number
  /** Written to journals of this machine, and not yet in the database. */
  bytes: number
  /** Copied, and not yet vouched for in a log. */
  batches: number
}

/** What of the calls recorded on this machine is still under way. */
export async function callBacklog(db: Queryable, dir: string): Promise<CallBacklog> {
  const files = readdirSync(dir).filter((name) => journalName.test(name))
  const positions = await findPositions(db)
  const behind = files.map((name) => Math.max(0, sizeOf(path.join(dir, name)) - (positions.get(name) ?? 0)))
  return {
    files: files.length,
    bytes: behind.reduce((sum, bytes) => sum + bytes, 0),
    batches: await countOpenBatches(db),
  }
}

/** 0 for a file that was copied and removed meanwhile. */
const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0
