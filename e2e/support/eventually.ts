import { setTimeout as sleep } from 'node:timers/promises'

/** Asks again until there is an answer that is not null; fails with `what` when there is none in time. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | null | undefined>,
  timeoutMs = 60_000,
): Promise<T> {
  const end = performance.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (answer !== null && answer !== undefined) return answer
    if (performance.now() > end) throw new Error(`not within ${timeoutMs / 1000} s: ${what}`)
    await sleep(50)
  }
}
