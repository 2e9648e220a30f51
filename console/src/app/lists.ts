import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query'
import { useMemo } from 'react'

/** The rows of all pages that were read; the same list while nothing changed. */
export function useRows<T>(data: InfiniteData<{ items: T[] }> | undefined): T[] {
  return useMemo(() => data?.pages.flatMap(({ items }) => items) ?? [], [data])
}

/** How a table asks for the next page. */
export function moreOf(query: Pick<UseInfiniteQueryResult, 'hasNextPage' | 'isFetching' | 'fetchNextPage'>) {
  return {
    wanted: query.hasNextPage,
    loading: query.isFetching,
    load: () => void query.fetchNextPage(),
  }
}
