import {
  type InvalidateOptions,
  type InvalidateQueryFilters,
  type Query,
  QueryClient,
  type QueryKey,
} from '@tanstack/react-query'

/**
 * Holds what was read from the server, and minds that a change can be told while something is being read: the answer may
 * be from before it.
 */
export class ConsoleQueryClient extends QueryClient {
  readonly #again = new WeakSet<Query>()

  /** What is being read for the first time is read once more when it is there; by itself it would count as new. */
  override invalidateQueries<K extends QueryKey = QueryKey>(
    filters?: InvalidateQueryFilters<K>,
    options?: InvalidateOptions,
  ): Promise<void> {
    for (const query of this.getQueryCache().findAll(filters as InvalidateQueryFilters)) {
      if (query.state.data !== undefined || !query.promise || this.#again.has(query)) continue
      this.#again.add(query)
      const forget = () => this.#again.delete(query)
      const readAgain = () => super.invalidateQueries({ queryKey: query.queryKey, exact: true })
      query.promise.finally(forget).then(readAgain, () => {})
    }
    return super.invalidateQueries(filters, options)
  }
}

/** Puts a change into everything that was read under a key, and into what is being read when it is there. */
export function patchQueries<T>(
  queryClient: QueryClient,
  queryKey: QueryKey,
  change: (known: T, key: QueryKey) => T,
): void {
  for (const query of queryClient.getQueryCache().findAll({ queryKey })) {
    const patch = () => {
      const known = query.state.data as T | undefined
      const changed = known && change(known, query.queryKey)
      if (changed !== known) queryClient.setQueryData(query.queryKey, changed)
    }
    patch()
    query.promise?.then(patch, () => {})
  }
}
