import type { OrganizationOverview } from '@berth/contracts'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Building2 } from 'lucide-react'
import { useMemo, useRef } from 'react'
import { type Action, usePageActions } from '../../app/actions.tsx'
import { useSnapshotInterval } from '../../app/live.ts'
import { Badge } from '../../ui/Badge.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { FilterSelect } from '../../ui/FilterSelect.tsx'
import { SearchBox } from '../../ui/SearchBox.tsx'
import { StatusMark } from '../../ui/StatusMark.tsx'
import { Time } from '../../ui/Time.tsx'
import type { Column } from '../../ui/VirtualTable.tsx'
import { organizationMarks } from './marks.ts'
import { OperatorList } from './OperatorList.tsx'
import { OperatorPage } from './OperatorPage.tsx'
import { OrganizationDetail } from './OrganizationDetail.tsx'
import { organizationsQuery } from './queries.ts'

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
  const searchBox = useRef<HTMLInputElement>(null)
  const filter = { search: q.trim() || undefined, state, kind }
  const query = useInfiniteQuery({
    ...organizationsQuery(filter),
    refetchInterval: useSnapshotInterval(),
    placeholderData: keepPreviousData,
  })
  type Search = {
    q?: string | undefined
    state?: typeof state
    kind?: typeof kind
    open?: string | undefined
  }
  const set = (search: Search) =>
    void navigate({ search: (before) => ({ ...before, ...search }), replace: true })
  usePageActions(
    useMemo(
      (): Action[] => [
        { id: 'find', label: 'Search organizations', key: '/', run: () => searchBox.current?.focus() },
      ],
      [],
    ),
  )
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
        filters={
          <>
            <SearchBox
              ref={searchBox}
              label="Search organizations"
              value={q}
              onChange={(text) => set({ q: text || undefined })}
            />
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

const wide = 'hidden @3xl:table-cell'

const detailOf = (row: OrganizationOverview) => <OrganizationDetail key={row.id} organization={row} />

const columns: Column<OrganizationOverview>[] = [
  {
    id: 'name',
    header: 'Organization',
    className: 'w-[46%] @3xl:w-auto',
    primary: true,
    title: ({ name, slug }) => `${name}\n${slug}`,
    cell: ({ name, slug, kind }) => (
      <>
        <b className="font-semibold">{name}</b>{' '}
        <span className="font-mono text-[11.5px] text-ink-3">{slug}</span>{' '}
        {kind === 'test' && <Badge tone="accent">test</Badge>}
      </>
    ),
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
