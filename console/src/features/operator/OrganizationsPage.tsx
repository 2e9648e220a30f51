import type { OrganizationOverview } from '@berth/contracts'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Building2 } from 'lucide-react'
import type { z } from 'zod'
import { useSnapshotInterval } from '../../app/live.ts'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { FilterSelect } from '../../ui/FilterSelect.tsx'
import { StatusMark } from '../../ui/StatusMark.tsx'
import { Time } from '../../ui/Time.tsx'
import type { Column } from '../../ui/VirtualTable.tsx'
import { organizationMarks } from './marks.ts'
import { OperatorList, wide } from './OperatorList.tsx'
import { OperatorPage } from './OperatorPage.tsx'
import { OrganizationDetail } from './OrganizationDetail.tsx'
import { OrganizationName } from './OrganizationName.tsx'
import { organizationsQuery } from './queries.ts'
import type { organizationsSearch } from './search.ts'

const states = [
  { value: 'active', label: 'active' },
  { value: 'suspended', label: 'suspended' },
  { value: 'closed', label: 'closed' },
] as const
const kinds = [
  { value: 'standard', label: 'standard' },
  { value: 'test', label: 'test', hint: 'with a clock of their own' },
] as const

/** Every organization: how large it is, whether it may go on, and the way to stop it. */
export function OrganizationsPage() {
  const { q = '', state, kind, open } = useSearch({ from: '/console/operator/organizations' })
  const navigate = useNavigate({ from: '/console/operator/organizations' })
  const filter = { search: q.trim() || undefined, state, kind }
  const query = useInfiniteQuery({
    ...organizationsQuery(filter),
    refetchInterval: useSnapshotInterval(),
    placeholderData: keepPreviousData,
  })
  const set = (search: z.output<typeof organizationsSearch>) =>
    void navigate({ search: (before) => ({ ...before, ...search }), replace: true })
  const filtered = Boolean(filter.search ?? state ?? kind)
  return (
    <OperatorPage
      title="Organizations"
      intro="Everybody this installation serves. You see how large each is and whom to write to, never what is in it."
    >
      <OperatorList
        query={query}
        one="organization"
        many="organizations"
        search={{ label: 'Search organizations', value: q, onChange: (text) => set({ q: text }) }}
        filters={
          <>
            <FilterSelect
              label="State"
              options={states}
              value={state}
              onChange={(to) => set({ state: to })}
            />
            <FilterSelect label="Kind" options={kinds} value={kind} onChange={(to) => set({ kind: to })} />
          </>
        }
        onClear={filtered ? () => set({ q: undefined, state: undefined, kind: undefined }) : undefined}
        empty={
          <EmptyState icon={<Building2 className="size-6" />} title="There is no organization yet">
            Anybody with an account can create one; it appears here with its size.
          </EmptyState>
        }
        columns={columns}
        detail={detailOf}
        open={open}
        onOpen={(id) => set({ open: id })}
      />
    </OperatorPage>
  )
}

const detailOf = (row: OrganizationOverview) => <OrganizationDetail key={row.id} organization={row} />

const columns: Column<OrganizationOverview>[] = [
  {
    id: 'name',
    header: 'Organization',
    className: 'w-[46%] @3xl:w-auto',
    primary: true,
    title: ({ name, slug }) => `${name}\n${slug}`,
    cell: (organization) => <OrganizationName of={organization} />,
  },
  {
    id: 'state',
    header: 'State',
    className: 'w-[32%] @3xl:w-[13%]',
    cell: ({ state }) => <StatusMark {...organizationMarks[state]} />,
  },
  {
    id: 'members',
    header: 'Members',
    numeric: true,
    className: `${wide} @3xl:w-[9%]`,
    cell: (one) => one.members,
  },
  {
    id: 'workspaces',
    header: 'Workspaces',
    numeric: true,
    className: `${wide} @3xl:w-[10%]`,
    cell: (one) => one.workspaces,
  },
  {
    id: 'deployments',
    header: 'Deployments',
    numeric: true,
    className: `${wide} @3xl:w-[10%]`,
    cell: (one) => one.deployments,
  },
  {
    id: 'running',
    header: 'Running',
    numeric: true,
    className: 'w-[22%] @3xl:w-[9%]',
    cell: (one) => one.running,
  },
  {
    id: 'created',
    header: 'Created',
    numeric: true,
    className: `${wide} @3xl:w-[9%]`,
    cellClassName: 'text-ink-3',
    cell: ({ createdAt }) => <Time at={createdAt} ago />,
  },
]
