import type { Person } from '@berth/contracts'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Users } from 'lucide-react'
import { useMemo, useRef } from 'react'
import { type Action, usePageActions } from '../../app/actions.tsx'
import { moreOf, useRows } from '../../app/lists.ts'
import { useSnapshotInterval } from '../../app/live.ts'
import { Badge } from '../../ui/Badge.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { SearchBox } from '../../ui/SearchBox.tsx'
import { Select } from '../../ui/Select.tsx'
import { StatusMark } from '../../ui/StatusMark.tsx'
import { Time } from '../../ui/Time.tsx'
import { type Column, VirtualTable } from '../../ui/VirtualTable.tsx'
import { Count, ListStates } from './ListStates.tsx'
import { userMarks } from './marks.ts'
import { OperatorPage } from './OperatorPage.tsx'
import { usersQuery } from './queries.ts'
import { UserDetail } from './UserDetail.tsx'

const any = 'any'
const states = [
  { value: any, label: 'any state' },
  { value: 'active', label: 'active' },
  { value: 'disabled', label: 'disabled' },
  { value: 'deleted', label: 'deleted' },
] as const
const roles = [
  { value: any, label: 'any role' },
  { value: 'operator', label: 'operators' },
  { value: 'reviewer', label: 'reviewers' },
] as const

/** The people of the installation: who they are, where they belong, and how an operator can help or stop them. */
export function UsersPage() {
  const { q = '', state, role, open } = useSearch({ from: '/console/operator/users' })
  const navigate = useNavigate({ from: '/console/operator/users' })
  const searchBox = useRef<HTMLInputElement>(null)
  const filter = { search: q.trim() || undefined, state, role }
  const query = useInfiniteQuery({
    ...usersQuery(filter),
    refetchInterval: useSnapshotInterval(),
    placeholderData: keepPreviousData,
  })
  const rows = useRows(query.data)
  type Search = {
    q?: string | undefined
    state?: typeof state
    role?: typeof role
    open?: string | undefined
  }
  const set = (search: Search) =>
    void navigate({ search: (before) => ({ ...before, ...search }), replace: true })
  usePageActions(
    useMemo(
      (): Action[] => [
        { id: 'find', label: 'Search people', key: '/', run: () => searchBox.current?.focus() },
      ],
      [],
    ),
  )
  const filtered = Boolean(filter.search ?? state ?? role)
  return (
    <OperatorPage
      title="Users"
      intro="Everybody with an account here. Disabling one ends sign-ins, tokens and open sessions at once; what the person launched goes on running."
    >
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <SearchBox
          ref={searchBox}
          label="Search people"
          value={q}
          onChange={(text) => set({ q: text || undefined })}
        />
        <Select
          compact
          label="State"
          value={state ?? any}
          options={states}
          onChange={(value) => set({ state: value === any ? undefined : value })}
        />
        <Select
          compact
          label="Role"
          value={role ?? any}
          options={roles}
          onChange={(value) => set({ role: value === any ? undefined : value })}
        />
        <span className="flex-1" />
        {query.data && <Count rows={rows.length} more={query.hasNextPage} one="person" many="people" />}
      </div>
      <ListStates
        query={query}
        label="people"
        rows={rows.length}
        clear={filtered ? () => set({ q: undefined, state: undefined, role: undefined }) : undefined}
        empty={
          <EmptyState icon={<Users className="size-6" />} title="Nobody has an account yet">
            The first account becomes operator.
          </EmptyState>
        }
      >
        <VirtualTable
          label="People"
          columns={columns}
          rows={rows}
          rowId={(row) => row.id}
          selected={open}
          onOpen={({ id }) => set({ open: id === open ? undefined : id })}
          detail={detailOf}
          more={moreOf(query)}
        />
      </ListStates>
    </OperatorPage>
  )
}

const wide = 'hidden @3xl:table-cell'

const detailOf = (row: Person) => <UserDetail key={row.id} person={row} />

const columns: Column<Person>[] = [
  {
    id: 'name',
    header: 'Person',
    className: 'w-[62%] @3xl:w-[24%]',
    primary: true,
    title: ({ name, email }) => `${name}\n${email}`,
    cell: ({ name, email, platformRoles }) => (
      <>
        <b className="font-semibold">{name || email || 'deleted'}</b>{' '}
        {platformRoles.map((role) => (
          <Badge key={role} tone="accent">
            {role}
          </Badge>
        ))}
      </>
    ),
  },
  {
    id: 'email',
    header: 'E-mail',
    className: wide,
    cellClassName: 'text-ink-2',
    title: ({ email }) => email,
    cell: ({ email }) => email || '–',
  },
  {
    id: 'state',
    header: 'State',
    className: 'w-[38%] @3xl:w-[11%]',
    cell: ({ state }) => <StatusMark {...userMarks[state]} />,
  },
  {
    id: 'factor',
    header: 'Second factor',
    className: `${wide} @3xl:w-[11%]`,
    cell: ({ secondFactor }) => (secondFactor ? 'on' : 'off'),
  },
  {
    id: 'organizations',
    header: 'Organizations',
    className: `${wide} @3xl:w-[18%]`,
    title: ({ organizations }) => organizations.map(({ name, role }) => `${name}: ${role}`).join('\n'),
    cell: ({ organizations }) => organizations.map(({ name }) => name).join(', ') || 'none',
  },
  {
    id: 'seen',
    header: 'Last seen',
    numeric: true,
    className: `${wide} @3xl:w-[9%]`,
    cellClassName: 'text-ink-3',
    cell: ({ lastSeenAt }) => (lastSeenAt ? <Time at={lastSeenAt} ago /> : '–'),
  },
]
