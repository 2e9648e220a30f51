import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { Scale } from 'lucide-react'
import { lazy, type ReactNode, Suspense, useCallback, useMemo, useState } from 'react'
import { type Action, usePageActions } from '../../../app/actions.tsx'
import { Button } from '../../../ui/Button.tsx'
import { EmptyState } from '../../../ui/EmptyState.tsx'
import { Copyable, Id } from '../../../ui/Id.tsx'
import { Time } from '../../../ui/Time.tsx'
import type { Column } from '../../../ui/VirtualTable.tsx'
import { Facts } from '../Facts.tsx'
import { OperatorList, wide } from '../OperatorList.tsx'
import { billedQuery, driftsQuery, type OpenDrift } from './queries.ts'

const ReconcileDialog = lazy(async () => ({
  default: (await import('./ReconcileDialog.tsx')).ReconcileDialog,
}))
const SettleDrift = lazy(async () => ({ default: (await import('./SettleDrift.tsx')).SettleDrift }))

/** Where payment providers differ from what is here and it takes a person. */
export function DriftTab() {
  const { open, ask } = useSearch({ from: '/console/operator/billing' })
  const navigate = useNavigate({ from: '/console/operator/billing' })
  const query = useInfiniteQuery(driftsQuery)
  const set = useCallback(
    (search: { open?: string | undefined; ask?: typeof ask }) =>
      void navigate({ search: (before) => ({ ...before, ...search }), replace: true }),
    [navigate],
  )
  usePageActions(
    useMemo(
      (): Action[] => [{ id: 'reconcile', label: 'Reconcile now', run: () => set({ ask: 'reconcile' }) }],
      [set],
    ),
  )
  const reconcile = <Button onClick={() => set({ ask: 'reconcile' })}>Reconcile now…</Button>
  return (
    <>
      <OperatorList
        query={query}
        one="difference"
        many="differences"
        filters={reconcile}
        onClear={undefined}
        empty={
          <EmptyState icon={<Scale className="size-6" />} title="Nothing differs">
            Organizations that pay through a payment provider are compared with it every day. What cannot be
            repaired appears here, and so do payments that do not fit their invoice.
          </EmptyState>
        }
        columns={columns}
        detail={detailOf}
        open={open}
        onOpen={(id) => set({ open: id })}
      />
      <Suspense>
        {ask === 'reconcile' && <ReconcileDialog onClose={() => set({ ask: undefined })} />}
      </Suspense>
    </>
  )
}

const columns: Column<OpenDrift>[] = [
  {
    id: 'what',
    header: 'What differs',
    className: 'w-[74%] @3xl:w-auto',
    primary: true,
    title: ({ what }) => what,
    cell: ({ what }) => <b className="font-semibold">{what}</b>,
  },
  {
    id: 'provider',
    header: 'Provider',
    className: `${wide} @3xl:w-[12%]`,
    cell: ({ provider }) => provider,
  },
  {
    id: 'since',
    header: 'Since',
    numeric: true,
    className: 'w-[26%] @3xl:w-[12%]',
    cellClassName: 'text-ink-3',
    cell: ({ firstSeenAt }) => <Time at={firstSeenAt} ago />,
  },
]

const detailOf = (row: OpenDrift) => <Detail key={row.id} drift={row} />

function Detail({ drift }: { drift: OpenDrift }) {
  const { provider, identity, organizationId, what, firstSeenAt, lastSeenAt } = drift
  const [settling, setSettling] = useState(false)
  const facts: [string, ReactNode][] = [
    ['What differs', what],
    ['Provider', provider],
    ['Identity', <Copyable key="identity" text={identity} what="identity" wrap />],
    ...(organizationId ? [organizationFact(organizationId)] : []),
    ['First seen', <Time key="first" at={firstSeenAt} ago />],
    ['Last seen', <Time key="last" at={lastSeenAt} ago />],
  ]
  return (
    <>
      <Facts facts={facts} />
      <div className="mt-1 mb-2">
        <Button onClick={() => setSettling(true)}>Mark as dealt with…</Button>
      </div>
      <Suspense>{settling && <SettleDrift drift={drift} onClose={() => setSettling(false)} />}</Suspense>
    </>
  )
}

const organizationFact = (id: string): [string, ReactNode] => ['Organization', <Whose key="of" id={id} />]

/** Whose payments differ, with the way to its invoices. */
function Whose({ id }: { id: string }) {
  const { data } = useInfiniteQuery(billedQuery({ search: id }))
  const name = data?.pages[0]?.items[0]?.organization.name
  return (
    <span className="flex flex-wrap items-center gap-x-2">
      {name && (
        <Link
          to="/console/operator/billing"
          search={({ org }) => ({ org, q: id, open: id })}
          className="font-[550] text-accent underline underline-offset-2"
        >
          {name}
        </Link>
      )}
      <Id value={id} what="organization id" />
    </span>
  )
}
