import { api, type LogEvent } from '@berth/contracts'
import {
  type InfiniteData,
  infiniteQueryOptions,
  type QueryClient,
  queryOptions,
} from '@tanstack/react-query'
import { call } from '../../api/client.ts'
import { patchQueries } from '../../app/queryClient.ts'
import { type AuditFilter, passes } from './filter.ts'

type AuditPages = InfiniteData<{ items: LogEvent[]; nextCursor: string | null }>

/** The events of an organization that pass the filter, newest first. */
export function auditQuery(organizationId: string, filter: AuditFilter) {
  return infiniteQueryOptions({
    queryKey: ['audit', organizationId, filter] as const,
    queryFn: ({ pageParam, signal }) =>
      call(
        api.audit.list,
        { params: { organizationId }, query: { ...filter, cursor: pageParam, limit: 100 } },
        { signal },
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
  })
}

/** Deployments whose events can be asked for by name; the oldest ones of an organization with very many. */
export function deploymentNamesQuery(organizationId: string) {
  return queryOptions({
    queryKey: ['deployments', organizationId] as const,
    queryFn: ({ signal }) =>
      call(api.deployments.list, { params: { organizationId }, query: { limit: 200 } }, { signal }),
  })
}

/** The bytes that were hashed for one event. */
export function leafQuery(organizationId: string, seq: number) {
  return queryOptions({
    queryKey: ['leaf', organizationId, seq] as const,
    queryFn: ({ signal }) => call(api.audit.leaf, { params: { organizationId, seq } }, { signal }),
    staleTime: Infinity,
  })
}

/** Puts a new event on top of every list on view that it belongs to; once. */
export function addToAudit(queryClient: QueryClient, event: LogEvent): void {
  patchQueries<AuditPages>(queryClient, ['audit', event.organizationId], (known, key) => {
    const [first, ...rest] = known.pages
    if (!first || !passes(key[2] as AuditFilter, event)) return known
    if (known.pages.some(({ items }) => items.some(({ seq }) => seq === event.seq))) return known
    const items = [event, ...first.items].sort((a, b) => b.seq - a.seq)
    return { ...known, pages: [{ ...first, items }, ...rest] }
  })
}
