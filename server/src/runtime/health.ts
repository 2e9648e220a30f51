/** Whether the servers that run here still answer. */
import type { Home } from './home.ts'
import type { Instance } from './instance.ts'
import type { Timings } from './limits.ts'

/** Pings without an answer after which a process is replaced. */
const patience = 3

export type Health = 'healthy' | 'degraded' | 'unreachable'

/**
 * Pings every process of a home; one that does not answer three pings in a row ends. `tell` hears how the one that
 * stands for the deployment does.
 */
export async function pingHome(
  home: Home,
  timings: Timings,
  tell: (health: Health) => Promise<unknown>,
): Promise<void> {
  await Promise.all(
    home.live().map(async (instance) => {
      if (!instance.checked) return
      const stands = home.sentinel === instance
      const health = await ping(instance, timings)
      if (stands && home.sentinel === instance) await tell(health)
      if (health === 'unreachable')
        await home.fail(instance, 'The server did not answer three pings in a row.')
    }),
  )
}

async function ping(instance: Instance, { pingTimeoutMs }: Timings): Promise<Health> {
  const answered = await instance.upstream.ping(pingTimeoutMs).then(
    () => true,
    () => false,
  )
  instance.unanswered = answered ? 0 : instance.unanswered + 1
  if (answered) return 'healthy'
  return instance.unanswered < patience ? 'degraded' : 'unreachable'
}
