import { sql } from 'kysely'
import type { Database } from '../../../platform/db/database.ts'

/** As many at once as may each hold a connection while they wait for somebody else's answers. */
const atOnce = 4

/** Lets work of the same name take turns, in whatever process it is asked for. */
export function createTurns(db: Database) {
  const waiting: (() => void)[] = []
  const last = new Map<string, Promise<unknown>>()
  let running = 0

  async function alone<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      return await db.transaction().execute(async (trx) => {
        await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(trx)
        return work()
      })
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }

  // In line by name first: however much of one name is asked for, it never holds more than one connection.
  return async function inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = last.get(name)
    const mine = before ? before.then(() => alone(name, work)) : alone(name, work)
    const over = mine.then(
      () => {},
      () => {},
    )
    last.set(name, over)
    try {
      return await mine
    } finally {
      if (last.get(name) === over) last.delete(name)
    }
  }
}
