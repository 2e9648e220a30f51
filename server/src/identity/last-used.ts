import { sql } from 'kysely'
import type { Principal } from '../platform/http/principal.ts'
import type { Platform } from '../platform/platform.ts'

const flushMs = 2_000
const atMostEveryMs = 60_000
const remembered = 10_000

/** Notes when tokens and sign-ins were last used: at most once a minute each, written in batches. */
export interface LastUsed {
  note(principal: Principal): void
  flush(): Promise<void>
  close(): Promise<void>
}

export function trackLastUsed(platform: Platform): LastUsed {
  const noted = new Map<string, number>()
  let pending = new Map<string, Date>()
  const timer = setInterval(() => void flush(), flushMs)
  timer.unref()

  function note({ tokenId, sessionId }: Principal): void {
    const id = tokenId ?? sessionId
    if (!id) return
    const now = platform.clock.now()
    const before = noted.get(id)
    if (before !== undefined && now.getTime() - before < atMostEveryMs) return
    if (noted.size >= remembered) noted.clear()
    noted.set(id, now.getTime())
    pending.set(id, now)
  }

  async function flush(): Promise<void> {
    if (pending.size === 0) return
    const batch = pending
    pending = new Map()
    const entries = [...batch].sort(([a], [b]) => (a < b ? -1 : 1))
    await write(platform, entries).catch((error: Error) =>
      platform.logger.warn({ err: error.message }, 'the last use of tokens could not be noted'),
    )
  }

  return {
    note,
    flush,
    close: async () => {
      clearInterval(timer)
      await flush()
    },
  }
}

async function write({ db }: Platform, entries: [id: string, at: Date][]): Promise<void> {
  const ids = entries.map(([id]) => id)
  const times = entries.map(([, at]) => at)
  await sql`
    update tokens t set last_used_at = v.at
    from unnest(${ids}::text[], ${times}::timestamptz[]) as v (id, at)
    where t.id = v.id and (t.last_used_at is null or t.last_used_at < v.at)`.execute(db)
  await sql`
    update sessions s set updated_at = v.at
    from unnest(${ids}::text[], ${times}::timestamptz[]) as v (id, at)
    where s.id = v.id and s.updated_at < v.at`.execute(db)
}
