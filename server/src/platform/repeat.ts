import type { Logger } from './logger.ts'

export interface Repeated {
  /** Runs it now (after the run under way, if there is one) and resolves when that run is done. */
  now(): Promise<void>
  /** Ends the repetition; resolves when nothing of it runs any more. */
  stop(): Promise<void>
}

/** Does something again and again, never twice at once. A failure is logged, and the next turn comes as usual. */
export function repeat(
  options: { name: string; everyMs: number; logger: Logger },
  work: () => Promise<void>,
): Repeated {
  const { name, everyMs, logger } = options
  let timer: NodeJS.Timeout | null = null
  let running: Promise<void> = Promise.resolve()
  let stopped = false

  async function turn(): Promise<void> {
    if (stopped) return
    try {
      await work()
    } catch (error) {
      logger.warn({ err: (error as Error).message, task: name }, 'a repeated task failed')
    }
  }

  function queue(): Promise<void> {
    if (timer) clearTimeout(timer)
    const mine = running.then(turn).then(() => {
      if (running === mine && !stopped) timer = setTimeout(() => void queue(), everyMs)
    })
    running = mine
    return mine
  }

  timer = setTimeout(() => void queue(), everyMs)
  return {
    now: queue,
    stop: async () => {
      stopped = true
      if (timer) clearTimeout(timer)
      await running
    },
  }
}
