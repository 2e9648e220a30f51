import { ApiError } from '@berth/contracts'
import { setTimeout as sleep } from 'node:timers/promises'
import { DemoFault } from './berth.ts'

const usualMs = 120_000

/** Asks until the answer is true; a DemoFault when it is not in time. A Berth that is overloaded for a moment is asked again. */
export async function eventually(
  what: string,
  signal: AbortSignal,
  ask: () => Promise<boolean>,
  timeoutMs = usualMs,
): Promise<void> {
  const end = performance.now() + timeoutMs
  while (!(await ask().catch(notNow))) {
    if (performance.now() > end) throw new DemoFault(`Not within ${timeoutMs / 1000} s: ${what}.`)
    await sleep(250, undefined, { signal })
  }
}

function notNow(error: unknown): false {
  if (error instanceof ApiError && error.problem.code === 'unavailable') return false
  throw error
}
