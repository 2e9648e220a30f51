import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { sha256 } from '../../platform/crypto.ts'
import type { Platform } from '../../platform/platform.ts'
import { Refusal } from '../../platform/problem.ts'

export interface Limit {
  max: number
  seconds: number
}

/** As many passwords as one may try at one place. */
export const guessing: Limit = { max: 20, seconds: 60 }
/** As many messages as one may cause to an address. */
export const mailing: Limit = { max: 5, seconds: 3600 }

/** Counts a try of something under a name, over all processes together. */
export interface Tries {
  /** False when there were too many lately. */
  allows(name: string, limit: Limit): Promise<boolean>
  /** Refuses with `rate_limited` when there were too many lately. */
  demand(name: string, limit: Limit): Promise<void>
}

export function createTries(platform: Pick<Platform, 'db' | 'clock'>, enabled: boolean): Tries {
  const { db, clock } = platform

  /** Seconds until the next try is heard; null: now. */
  async function wait(name: string, { max, seconds }: Limit): Promise<number | null> {
    if (!enabled) return null
    const now = clock.now().getTime()
    const begins = now - seconds * 1000
    const { rows } = await sql<{ count: number; lastRequest: number }>`
      insert into auth_rate_limits as l (id, key, count, last_request)
      values (${randomUUID()}, ${keyOf(name)}, 1, ${now})
      on conflict (key) do update set
        count = case when l.last_request <= ${begins} then 1 else l.count + 1 end,
        last_request = case when l.last_request <= ${begins} then ${now} else l.last_request end
      returning count, last_request`.execute(db)
    const { count, lastRequest } = rows[0]!
    return count > max ? Math.ceil((lastRequest - begins) / 1000) : null
  }

  return {
    allows: async (name, limit) => (await wait(name, limit)) === null,
    demand: async (name, limit) => {
      const seconds = await wait(name, limit)
      if (seconds !== null) throw tooMany(seconds)
    },
  }
}

/** Names hold addresses; what is counted need not tell whose. */
const keyOf = (name: string): string => `berth:${sha256(name).toString('base64url')}`

export function tooMany(seconds: number): Refusal {
  const minutes = Math.ceil(seconds / 60)
  const time = minutes === 1 ? 'a minute' : `${minutes} minutes`
  return new Refusal('rate_limited', `Too many tries; wait ${time} and try again.`, {
    retryAfterSeconds: seconds,
  })
}
