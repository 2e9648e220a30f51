import { api, refusalOf, type Webhook, webhookMachine } from '@berth/contracts'
import { keepPreviousData, useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Webhook as WebhookIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import { call, factsOf } from '../../../api/client.ts'
import { Button } from '../../../ui/Button.tsx'
import { EmptyState } from '../../../ui/EmptyState.tsx'
import { FilterSelect } from '../../../ui/FilterSelect.tsx'
import { Copyable, Id } from '../../../ui/Id.tsx'
import { StatusMark } from '../../../ui/StatusMark.tsx'
import { Time } from '../../../ui/Time.tsx'
import { sayDone, sayFailed } from '../../../ui/Toast.tsx'
import type { Column } from '../../../ui/VirtualTable.tsx'
import { momentOf } from '../../billing/words.ts'
import { Facts } from '../Facts.tsx'
import { webhookMarks } from '../marks.ts'
import { OperatorList, wide } from '../OperatorList.tsx'
import { webhooksQuery } from './queries.ts'

const states = (['dead', 'received', 'processed', 'ignored'] as const).map((value) => ({
  value,
  label: webhookMarks[value].word,
}))

/** What payment providers sent: what is dead first. */
export function WebhooksTab() {
  const { webhook: state, open } = useSearch({ from: '/console/operator/billing' })
  const navigate = useNavigate({ from: '/console/operator/billing' })
  const query = useInfiniteQuery({ ...webhooksQuery({ state }), placeholderData: keepPreviousData })
  const set = (search: { webhook?: typeof state; open?: string | undefined }) =>
    void navigate({ search: (before) => ({ ...before, ...search }), replace: true })
  return (
    <OperatorList
      query={query}
      one="webhook"
      many="webhooks"
      filters={
        <FilterSelect label="State" options={states} value={state} onChange={(to) => set({ webhook: to })} />
      }
      onClear={state && (() => set({ webhook: undefined }))}
      empty={
        <EmptyState
          icon={<WebhookIcon className="size-6" />}
          title="No payment provider has sent anything yet"
        >
          Once one is set up it tells here of payments and of use. BERTH_BILLING_WEBHOOK_SECRET lets a system
          of your own do so.
        </EmptyState>
      }
      columns={columns}
      detail={detailOf}
      open={open}
      onOpen={(id) => set({ open: id })}
    />
  )
}

const columns: Column<Webhook>[] = [
  {
    id: 'type',
    header: 'Event',
    className: 'w-[66%] @3xl:w-[24%]',
    primary: true,
    title: ({ type }) => type,
    cell: ({ type }) => <b className="font-semibold">{type}</b>,
  },
  {
    id: 'provider',
    header: 'Provider',
    className: `${wide} @3xl:w-[11%]`,
    cell: ({ provider }) => provider,
  },
  {
    id: 'state',
    header: 'State',
    className: 'w-[34%] @3xl:w-[12%]',
    cell: ({ state }) => <StatusMark {...webhookMarks[state]} />,
  },
  {
    id: 'error',
    header: 'Last failure',
    className: `${wide} @3xl:w-auto`,
    title: ({ lastError }) => lastError ?? '',
    cell: ({ lastError }) => lastError ?? <span className="text-ink-3">–</span>,
  },
  {
    id: 'attempts',
    header: 'Tries',
    numeric: true,
    className: `${wide} @3xl:w-[6%]`,
    cell: ({ attempts }) => attempts,
  },
  {
    id: 'received',
    header: 'Received',
    numeric: true,
    className: `${wide} @3xl:w-[10%]`,
    cellClassName: 'text-ink-3',
    cell: ({ receivedAt }) => <Time at={receivedAt} ago />,
  },
]

const detailOf = (row: Webhook) => <Detail key={row.id} webhook={row} />

function Detail({ webhook }: { webhook: Webhook }) {
  const { id, provider, type, eventId, organizationId, attempts, lastError, state } = webhook
  const queryClient = useQueryClient()
  const retry = useMutation({
    mutationFn: () => call(api.payments.retryWebhook, { params: { webhookId: id } }),
    onSuccess: () => sayDone(`${type} of ${provider} is tried again.`),
    onError: (error) => sayFailed('It is not tried again', factsOf(error)),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['operator', 'billing'] }),
  })
  const { receivedAt, nextTryAt, processedAt } = webhook
  return (
    <>
      <Facts
        facts={[
          ['Webhook', <Id key="id" value={id} what="webhook id" />],
          ['Provider', provider],
          ['Its id there', <Copyable key="event" text={eventId} what="event id" wrap />],
          ...(organizationId
            ? [['Organization', <Id key="of" value={organizationId} what="organization id" />] as Fact]
            : []),
          ['Received', <Time key="received" at={receivedAt} ago />],
          ...(processedAt ? [['Done', <Time key="done" at={processedAt} ago />] as Fact] : []),
          ...(nextTryAt ? [['Next try', momentOf(nextTryAt, 'UTC')] as Fact] : []),
          ['Tries', attempts],
          ...(lastError ? [['Last failure', lastError] as Fact] : []),
        ]}
      />
      {state === 'dead' && (
        <div className="mt-1 mb-2">
          <Button
            whyNot={refusalOf(webhookMachine, state, 'retry')}
            pending={retry.isPending && 'Trying…'}
            onClick={() => retry.mutate()}
          >
            Try again
          </Button>
        </div>
      )}
    </>
  )
}

type Fact = [string, ReactNode]
