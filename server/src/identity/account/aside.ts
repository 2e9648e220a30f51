import type { Logger } from '../../platform/logger.ts'

/**
 * Work that goes on after the answer, so that how long an answer takes tells nobody what there was to do. One after the
 * other: it takes no connection from those who wait for an answer. What a process that ends abruptly has not begun is not
 * done; whoever waits for a letter asks for it again.
 */
export interface Aside {
  (work: () => Promise<void>): void
  /** Resolves when nothing of it is left. */
  settled(): Promise<void>
}

export function createAside(logger: Logger): Aside {
  let last: Promise<void> = Promise.resolve()

  function aside(work: () => Promise<void>): void {
    last = last
      .then(() => new Promise<void>((resolve) => setImmediate(resolve)))
      .then(work)
      .catch((error: Error) => logger.warn({ err: error.message }, 'what was to follow an answer failed'))
  }

  async function settled(): Promise<void> {
    for (let seen = null as Promise<void> | null; seen !== last;) {
      seen = last
      await seen
    }
  }

  return Object.assign(aside, { settled })
}
