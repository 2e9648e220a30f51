import { UnreachableError } from '@berth/contracts'

/** Asks once; a server that is away for a moment gives undefined instead of an error. */
export async function lasting<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof UnreachableError) return undefined
    throw error
  }
}
