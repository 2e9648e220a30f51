import { api } from '@berth/contracts'
import { infiniteQueryOptions } from '@tanstack/react-query'
import { call } from '../../api/client.ts'

/** The servers of the catalog whose name or description has `search` in it. */
export function catalogPagesQuery(search: string) {
  return infiniteQueryOptions({
    queryKey: ['catalog', 'pages', search] as const,
    queryFn: ({ pageParam, signal }) =>
      call(
        api.catalog.list,
        { query: { limit: 100, cursor: pageParam, ...(search ? { search } : {}) } },
        { signal },
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
  })
}
