import { UnreachableError } from '@berth/contracts'
import { lazyRouteComponent } from '@tanstack/react-router'

/** Whether the server answers at all. */
export async function isReachable(): Promise<boolean> {
  try {
    return (await fetch('/healthz', { cache: 'no-store' })).ok
  } catch {
    return false
  }
}

/**
 * A page whose code is loaded when it is first wanted. Code that a newer Berth took away loads the console anew, as the
 * router does it by itself; while nothing answers, that would leave an empty window, so the page says it instead.
 */
export function lazyPage<T extends Record<string, unknown>, K extends keyof T>(
  load: () => Promise<T>,
  name: K,
): ReturnType<typeof lazyRouteComponent<T, K>> {
  return lazyRouteComponent<T, K>(async () => {
    try {
      return await load()
    } catch (error) {
      if (await isReachable()) throw error
      throw new UnreachableError(
        `Berth does not answer at ${window.location.origin}, so this page cannot be shown.`,
      )
    }
  }, name)
}
