import type { Platform } from '../platform/platform.ts'
import { systemActor } from '../platform/platform.ts'
import { drainOutbox } from './people/outbox.ts'
import { expireTokens } from './tokens/tokens.ts'

const everyMs = 2_000
const sweepEveryMs = 10 * 60_000

/**
 * What time does: leftover sign-in events reach the log, tokens expire, and rows that are over are removed, with what is
 * given to be swept beside them. Every process may do it; each step is one transaction that finds only what is due.
 */
export function startTimekeeping(
  platform: Platform,
  alsoSweep: () => Promise<void>,
): { stop(): Promise<void> } {
  let running: Promise<void> | null = null
  let sweptAt = Number.NEGATIVE_INFINITY

  async function tick(): Promise<void> {
    await drainOutbox(platform)
    await expireDueTokens(platform)
    // By the clock that decides what is over: where it is moved, what is over is gone soon after.
    const now = platform.clock.now().getTime()
    if (now - sweptAt < sweepEveryMs) return
    sweptAt = now
    await sweep(platform)
    await alsoSweep()
  }

  const timer = setInterval(() => {
    running ??= tick()
      .catch((error: Error) => platform.logger.warn({ err: error.message }, 'identity timekeeping'))
      .finally(() => (running = null))
  }, everyMs)

  return {
    stop: async () => {
      clearInterval(timer)
      await running
    },
  }
}

/** Marks the tokens whose time is over; looks first, so that nothing is opened for nothing. */
export async function expireDueTokens(platform: Platform): Promise<void> {
  const due = await platform.db
    .selectFrom('tokens')
    .select('id')
    .where('state', '=', 'active')
    .where('expiresAt', '<=', platform.clock.now())
    .limit(1)
    .executeTakeFirst()
  if (due) await platform.mutate({ actor: systemActor('identity'), requestId: null }, expireTokens)
}

/** Removes sign-ins, device codes and the like that are long over. */
async function sweep({ db, clock }: Platform): Promise<void> {
  const now = clock.now()
  await db.deleteFrom('sessions').where('expiresAt', '<', now).execute()
  await db.deleteFrom('deviceCodes').where('expiresAt', '<', now).execute()
  await db.deleteFrom('verifications').where('expiresAt', '<', now).execute()
  const dayAgo = now.getTime() - 24 * 3600_000
  // A day longer: whoever opens one late is told that it expired or was used.
  await db.deleteFrom('accountLinks').where('expiresAt', '<', new Date(dayAgo)).execute()
  await db.deleteFrom('authRateLimits').where('lastRequest', '<', dayAgo).execute()
}
