import type { Person } from '@berth/contracts'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Users } from 'lucide-react'
import type { z } from 'zod'
import { useSnapshotInterval } from '../../app/live.ts'
import { Badge } from '../../ui/Badge.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { FilterSelect } from '../../ui/FilterSelect.tsx'
import { StatusMark } from '../../ui/StatusMark.tsx'
import { Time } from '../../ui/Time.tsx'
import type { Column } from '../../ui/VirtualTable.tsx'
import { userMarks } from './marks.ts'
import { OperatorList, wide } from './OperatorList.tsx'
import { OperatorPage } from './OperatorPage.tsx'
import { usersQuery } from './queries.ts'
import type { usersSearch } from './search.ts'
import { UserDetail } from './UserDetail.tsx'

const states = [
  { value: 'active', label: 'active' },
  { value: 'disabled', label: 'disabled' },
  { value: 'deleted', label: 'deleted' },
] as const
const roles = [
  { value: 'operator', label: 'operators' },
  { value: 'reviewer', label: 'reviewers' },
] as const

/** The people of the installation: who they are, where they belong, and how an operator can help or stop them. */
export function UsersPage() {
  const { q = '', state, role, open } = useSearch({ from: '/console/operator/users' })
  const navigate = useNavigate({ from: '/console/operator/users' })
  const filter = { search: q.trim() || undefined, state, role }
  const query = useInfiniteQuery({
    ...usersQuery(filter),
    refetchInterval: useSnapshotInterval(),
    placeholderData: keepPreviousData,
  })
  const set = (search: z.output<typeof usersSearch>) =>
    void navigate({ search: (before) => ({ ...before, ...search }), replace: true })
  const filtered = Boolean(filter.search ?? state ?? role)
  return (
    <OperatorPage
      title="Users"
      intro="Everybody with an account here. Disabling one ends sign-ins, tokens and open sessions at once; what the person launched goes on running."
    >
      <OperatorList
        query={query}
        one="person"
        many="people"
        search={{ label: 'Search people', value: q, onChange: (text) => set({ q: text }) }}
        filters={
          <>
            <FilterSelect
              label="State"
              options={states}
              value={state}
              onChange={(to) => set({ state: to })}
            />
            <FilterSelect label="Role" options={roles} value={role} onChange={(to) => set({ role: to })} />
          </>
        }
        onClear={filtered ? () => set({ q: undefined, state: undefined, role: undefined }) : undefined}
        empty={
          <EmptyState icon={<Users className="size-6" />} title="Nobody has an account yet">
            The first account becomes operator.
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

const detailOf = (row: Person) => <UserDetail key={row.id} person={row} />

const columns: Column<Person>[] = [
  {
    id: 'name',
    header: 'Person',
    className: 'w-[62%] @3xl:w-[20%]',
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
    className: `${wide} @3xl:w-[22%]`,
    cellClassName: 'text-ink-2',
    title: ({ email }) => email,
    cell: ({ email }) => email || '–',
  },
  {
    id: 'state',
    header: 'State',
    className: 'w-[38%] @3xl:w-[10%]',
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
    className: wide,
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
