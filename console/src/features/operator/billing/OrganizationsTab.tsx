import { liveSubscriptionState } from '@berth/contracts'
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { CreditCard } from 'lucide-react'
import { lazy, Suspense } from 'react'
import type { z } from 'zod'
import { EmptyState } from '../../../ui/EmptyState.tsx'
import { FilterSelect } from '../../../ui/FilterSelect.tsx'
import { StatusMark } from '../../../ui/StatusMark.tsx'
import type { Column } from '../../../ui/VirtualTable.tsx'
import { plansQuery } from '../../billing/queries.ts'
import { dayOf, momentOf, owedWords, subscriptionMarks } from '../../billing/words.ts'
import { OperatorList, wide } from '../OperatorList.tsx'
import { OrganizationName } from '../OrganizationName.tsx'
import type { billedSearch } from '../search.ts'
import { type Billed, billedQuery } from './queries.ts'

const BilledDetail = lazy(async () => ({ default: (await import('./BilledDetail.tsx')).BilledDetail }))

const states = liveSubscriptionState.options.map((value) => ({
  value,
  label: subscriptionMarks[value].word,
}))

/** What every organization is on and owes. */
export function OrganizationsTab() {
  const { q = '', state, plan, open } = useSearch({ from: '/console/operator/billing' })
  const navigate = useNavigate({ from: '/console/operator/billing' })
  const { data: offered } = useQuery(plansQuery)
  const filter = { search: q.trim() || undefined, state, plan }
  const query = useInfiniteQuery({ ...billedQuery(filter), placeholderData: keepPreviousData })
  const set = (search: z.output<typeof billedSearch>) =>
    void navigate({ search: (before) => ({ ...before, ...search }), replace: true })
  const plans = [...new Set([...(offered?.items ?? []).map((one) => one.plan), ...(plan ? [plan] : [])])]
  return (
    <OperatorList
      query={query}
      one="organization"
      many="organizations"
      search={{ label: 'Search organizations', value: q, onChange: (text) => set({ q: text }) }}
      filters={
        <>
          <FilterSelect label="State" options={states} value={state} onChange={(to) => set({ state: to })} />
          <FilterSelect
            label="Plan"
            options={plans.map((value) => ({ value, label: value }))}
            value={plan}
            onChange={(to) => set({ plan: to })}
          />
        </>
      }
      onClear={
        (filter.search ?? state ?? plan)
          ? () => set({ q: undefined, state: undefined, plan: undefined })
          : undefined
      }
      empty={
        <EmptyState icon={<CreditCard className="size-6" />} title="There is no organization yet">
          Every organization is on a plan from its first moment; it appears here.
        </EmptyState>
      }
      columns={columns}
      detail={detailOf}
      open={open}
      onOpen={(id) => set({ open: id })}
    />
  )
}

const detailOf = (row: Billed) => (
  <Suspense>
    <BilledDetail key={row.id} one={row} />
  </Suspense>
)
const columns: Column<Billed>[] = [
  {
    id: 'name',
    header: 'Organization',
    className: 'w-[42%] @3xl:w-auto',
    primary: true,
    title: ({ organization: { name, slug } }) => `${name}\n${slug}`,
    cell: ({ organization }) => <OrganizationName of={organization} />,
  },
  {
    id: 'state',
    header: 'State',
    className: 'w-[32%] @3xl:w-[13%]',
    cell: ({ state }) => <StatusMark {...subscriptionMarks[state]} />,
  },
  {
    id: 'plan',
    header: 'Plan',
    className: `${wide} @3xl:w-[16%]`,
    cell: ({ plan, planVersion }) => (
      <>
        {plan} <span className="text-ink-3">version {planVersion}</span>
      </>
    ),
  },
  {
    id: 'open',
    header: 'To be paid',
    numeric: true,
    className: 'w-[26%] @3xl:w-[13%]',
    cell: ({ owed }) => (owed.length === 0 ? <span className="text-ink-3">–</span> : owedWords(owed)),
  },
  {
    id: 'period',
    header: 'Period ends',
    numeric: true,
    className: `${wide} @3xl:w-[14%]`,
    cellClassName: 'text-ink-3',
    cell: ({ periodEnd }) => <span title={momentOf(periodEnd, 'UTC')}>{dayOf(periodEnd, 'UTC')}</span>,
  },
]
