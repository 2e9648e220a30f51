import { api, type EndpointInput, type EndpointOutput } from '@berth/contracts'
import { infiniteQueryOptions, queryOptions, useQuery } from '@tanstack/react-query'
import { call } from '../../api/client.ts'
import { useNow } from '../../ui/Time.tsx'

export const subscriptionQuery = (organizationId: string) =>
  queryOptions({
    queryKey: ['billing', organizationId, 'subscription'] as const,
    queryFn: ({ signal }) => call(api.subscriptions.get, { params: { organizationId } }, { signal }),
  })

export const paymentQuery = (organizationId: string) =>
  queryOptions({
    queryKey: ['billing', organizationId, 'payment'] as const,
    queryFn: ({ signal }) => call(api.checkout.payment, { params: { organizationId } }, { signal }),
  })

export const quotasQuery = (organizationId: string) =>
  queryOptions({
    queryKey: ['billing', organizationId, 'usage'] as const,
    queryFn: ({ signal }) => call(api.quotas.usage, { params: { organizationId } }, { signal }),
  })

export const breakdownQuery = (organizationId: string, by: 'day' | 'tool' | 'deployment' | 'principal') =>
  queryOptions({
    queryKey: ['billing', organizationId, 'usage', by] as const,
    queryFn: ({ signal }) =>
      call(api.quotas.breakdown, { params: { organizationId }, query: { by } }, { signal }),
  })

/** What is held, then what was. */
export const holdsQuery = (organizationId: string) =>
  infiniteQueryOptions({
    queryKey: ['billing', organizationId, 'holds'] as const,
    queryFn: ({ pageParam, signal }) =>
      call(
        api.holds.list,
        { params: { organizationId }, query: { cursor: pageParam, limit: 10 } },
        { signal },
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
  })

export const plansQuery = queryOptions({
  queryKey: ['plans'] as const,
  queryFn: ({ signal }) => call(api.plans.list, {}, { signal }),
})

type InvoicePage = EndpointOutput<typeof api.invoices.list>

/** Invoices as a list of pages, wherever they are read from. */
export const invoicePages = (
  queryKey: readonly string[],
  read: (query: { cursor: string | undefined; limit: number }, signal: AbortSignal) => Promise<InvoicePage>,
  refetchInterval: number | false = false,
) =>
  infiniteQueryOptions({
    queryKey,
    queryFn: ({ pageParam, signal }) => read({ cursor: pageParam, limit: 20 }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
    refetchInterval,
  })

export const invoicesQuery = (organizationId: string) =>
  invoicePages(['billing', organizationId, 'invoices'], (query, signal) =>
    call(api.invoices.list, { params: { organizationId }, query }, { signal }),
  )

type Wish = EndpointInput<typeof api.subscriptions.preview>['body']

/** A quote is good for 15 minutes; it is asked for again well before; ms. */
const quoteEveryMs = 5 * 60_000

/** What a change would cost and bring; of the subscription as it is in that version. */
export const previewQuery = (organizationId: string, version: number, wish: Wish) =>
  queryOptions({
    queryKey: ['billing', organizationId, 'preview', version, wish] as const,
    queryFn: ({ signal }) =>
      call(api.subscriptions.preview, { params: { organizationId }, body: wish }, { signal }),
    refetchInterval: quoteEveryMs,
    gcTime: 0,
    retry: false,
  })

export const clockQuery = (organizationId: string) =>
  queryOptions({
    queryKey: ['billing', organizationId, 'clock'] as const,
    queryFn: ({ signal }) => call(api.billing.clock, { params: { organizationId } }, { signal }),
  })

/** The organization's time: a test organization's own stands still; everybody else lives by the wall clock. */
export function useOrganizationNow(organizationId: string): { now: number; test: boolean } {
  const wall = Math.max(useNow(), Date.now())
  const { data } = useQuery(clockQuery(organizationId))
  return data?.test ? { now: Date.parse(data.now), test: true } : { now: wall, test: false }
}
