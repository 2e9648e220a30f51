import { api, type EndpointInput, type EndpointOutput } from '@berth/contracts'
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { call } from '../../../api/client.ts'
import { invoicePages } from '../../billing/queries.ts'

type Filter = Omit<EndpointInput<typeof api.billing.organizations>['query'], 'cursor' | 'limit'>

/** An organization as operators see what it is on. */
export type Billed = EndpointOutput<typeof api.billing.organizations>['items'][number] & { id: string }

/** What happens in other organizations is told to no operator, so it is asked for again; ms. */
const againEveryMs = 10_000

const page = {
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (last: { nextCursor: string | null }) => last.nextCursor ?? undefined,
  refetchInterval: againEveryMs,
}

export const billedQuery = (filter: Filter) =>
  infiniteQueryOptions({
    queryKey: ['operator', 'billing', 'organizations', filter] as const,
    queryFn: async ({ pageParam, signal }) => {
      const query = { ...filter, cursor: pageParam, limit: 100 }
      const { items, nextCursor } = await call(api.billing.organizations, { query }, { signal })
      return { items: items.map((one): Billed => ({ ...one, id: one.organization.id })), nextCursor }
    },
    ...page,
  })

type WebhookFilter = Omit<EndpointInput<typeof api.payments.listWebhooks>['query'], 'cursor' | 'limit'>

export const webhooksQuery = (filter: WebhookFilter) =>
  infiniteQueryOptions({
    queryKey: ['operator', 'billing', 'webhooks', filter] as const,
    queryFn: ({ pageParam, signal }) =>
      call(api.payments.listWebhooks, { query: { ...filter, cursor: pageParam, limit: 100 } }, { signal }),
    ...page,
  })

/** A difference, with a name of its own among all of them. */
export type OpenDrift = EndpointOutput<typeof api.payments.listDrifts>['items'][number] & { id: string }

export const driftsQuery = infiniteQueryOptions({
  queryKey: ['operator', 'billing', 'drifts'] as const,
  queryFn: async ({ pageParam, signal }) => {
    const query = { cursor: pageParam, limit: 100 }
    const { items, nextCursor } = await call(api.payments.listDrifts, { query }, { signal })
    return {
      items: items.map((one): OpenDrift => ({ ...one, id: `${one.provider} ${one.identity}` })),
      nextCursor,
    }
  },
  ...page,
})

export const invoicesOfQuery = (organizationId: string) =>
  invoicePages(
    ['operator', 'billing', 'invoices', organizationId],
    (query, signal) => call(api.invoices.ofOrganization, { params: { organizationId }, query }, { signal }),
    againEveryMs,
  )

export const planFileQuery = queryOptions({
  queryKey: ['plans', 'file'] as const,
  queryFn: ({ signal }) => call(api.plans.export, {}, { signal }),
})
