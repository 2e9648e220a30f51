import { api, type EndpointOutput, type MemberRole } from '@berth/contracts'
import { infiniteQueryOptions, useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { call, factsOf } from '../../api/client.ts'
import { type Action, usePageActions } from '../../app/actions.tsx'
import { moreOf, useRows } from '../../app/lists.ts'
import { useSnapshotInterval } from '../../app/live.ts'
import { useMe, useOrganization, whyNot } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { RowsSkeleton } from '../../ui/Panel.tsx'
import { Select } from '../../ui/Select.tsx'
import { actionCell } from '../../ui/Table.tsx'
import { Time } from '../../ui/Time.tsx'
import { sayFailed } from '../../ui/Toast.tsx'
import { InviteMember } from './InviteMember.tsx'
import { Invitations } from './Invitations.tsx'
import { PersonForm } from './PersonForm.tsx'
import { roles } from './roles.ts'
import { Seats } from './Seats.tsx'
import { type Column, VirtualTable, type VirtualTableProps } from '../../ui/VirtualTable.tsx'

type Member = EndpointOutput<typeof api.organizations.listMembers>['items'][number]

/** Below `people`, so that an event about a member refreshes it. */
function membersQuery(organizationId: string) {
  return infiniteQueryOptions({
    queryKey: ['people', organizationId, 'members'] as const,
    queryFn: ({ pageParam, signal }) =>
      call(
        api.organizations.listMembers,
        { params: { organizationId }, query: { cursor: pageParam, limit: 100 } },
        { signal },
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
  })
}

/** The people of an organization and what each may do. */
export function MembersPage() {
  const organization = useOrganization()
  const { add, invite } = useSearch({ from: '/console/members' })
  const navigate = useNavigate({ from: '/console/members' })
  const [removing, setRemoving] = useState<Member | null>(null)
  const unreadable = whyNot(organization, 'members:read')
  const refused = whyNot(organization, 'members:write')
  const members = useInfiniteQuery({
    ...membersQuery(organization.id),
    refetchInterval: useSnapshotInterval(),
    enabled: !unreadable,
  })
  const rows = useRows(members.data)
  const open = (wanted: 'add' | 'invite') =>
    void navigate({ search: (before) => ({ ...before, [wanted]: true }) })
  const close = () =>
    void navigate({ search: (before) => ({ ...before, add: undefined, invite: undefined }), replace: true })
  usePageActions(
    useMemo(
      (): Action[] => [
        {
          id: 'invite',
          label: 'Invite somebody',
          key: 'i',
          whyNot: refused,
          run: () => void navigate({ search: (before) => ({ ...before, invite: true }) }),
        },
        {
          id: 'add',
          label: 'Add a member',
          key: 'a',
          whyNot: refused,
          run: () => void navigate({ search: (before) => ({ ...before, add: true }) }),
        },
      ],
      [navigate, refused],
    ),
  )
  return (
    <main className="@container h-full overflow-y-auto px-4 py-4 sm:px-5">
      <title>{`Members · ${organization.name} · Berth`}</title>
      <div className="mb-1 flex items-center gap-3">
        <h1 className="flex-1">Members</h1>
        <Button whyNot={refused} onClick={() => open('add')}>
          Add a member
        </Button>
        <Button look="primary" whyNot={refused} onClick={() => open('invite')}>
          Invite
        </Button>
      </div>
      <p className="mb-3 max-w-[75ch] text-ink-2">
        Who may do what in {organization.name}. A changed role holds from the next request on; whoever is
        taken out is refused at once, with all of their tokens. <Seats />
      </p>
      {unreadable && <p className="text-ink-3">{unreadable}</p>}
      {members.isError && <ErrorPanel {...factsOf(members.error)} onRetry={() => void members.refetch()} />}
      {members.isPending && !unreadable && (
        <div className="rounded-lg border border-line bg-panel">
          <RowsSkeleton label="Loading members" />
        </div>
      )}
      {members.data && (
        <MemberTable members={rows} refused={refused} onRemove={setRemoving} more={moreOf(members)} />
      )}
      {!unreadable && <Invitations refused={refused} />}
      {add && !refused && <AddMember onClose={close} />}
      {invite && !refused && <InviteMember onClose={close} />}
      {removing && <RemoveMember member={removing} onClose={() => setRemoving(null)} />}
    </main>
  )
}

const wide = 'hidden @2xl:table-cell'

const columnsOf = (
  myId: string | undefined,
  refused: string | null,
  onRemove: (member: Member) => void,
): Column<Member>[] => [
  {
    id: 'name',
    header: 'Name',
    className: 'w-[42%] @2xl:w-[26%]',
    title: ({ name, email }) => `${name}\n${email}`,
    cell: ({ name, userId }) => (
      <>
        <b className="font-semibold">{name}</b>
        {userId === myId && <span className="text-ink-3"> · you</span>}
      </>
    ),
  },
  {
    id: 'email',
    header: 'E-mail',
    className: wide,
    cellClassName: 'text-ink-2',
    title: ({ email }) => email,
    cell: ({ email }) => email,
  },
  {
    id: 'role',
    header: 'Role',
    className: 'w-[34%] @2xl:w-[18%]',
    cell: (member) => (refused ? <span title={refused}>{member.role}</span> : <RoleOf member={member} />),
  },
  {
    id: 'joined',
    header: 'Joined',
    numeric: true,
    className: `${wide} @2xl:w-[12%]`,
    cellClassName: 'text-ink-3',
    cell: ({ joinedAt }) => <Time at={joinedAt} ago />,
  },
  {
    id: 'actions',
    header: 'Actions',
    numeric: true,
    className: 'w-[24%] @2xl:w-[12%]',
    cellClassName: actionCell,
    cell: (member) => (
      <Button
        look="quiet"
        aria-label={`Take out ${member.name}`}
        className="!h-7 !px-2 text-xs"
        whyNot={refused}
        onClick={() => onRemove(member)}
      >
        Take out…
      </Button>
    ),
  },
]

const idOf = ({ id }: Member) => id

function MemberTable(props: {
  members: Member[]
  refused: string | null
  onRemove: (member: Member) => void
  more: VirtualTableProps<Member>['more']
}) {
  const { members, refused, onRemove, more } = props
  const myId = useMe().user?.id
  const columns = useMemo(() => columnsOf(myId, refused, onRemove), [myId, refused, onRemove])
  return (
    <div className="overflow-clip rounded-lg border border-line bg-panel">
      <VirtualTable label="Members" columns={columns} rows={members} rowId={idOf} more={more} />
    </div>
  )
}

function RoleOf({ member }: { member: Member }) {
  const { id: organizationId } = useOrganization()
  const queryClient = useQueryClient()
  const change = useMutation({
    mutationFn: (role: MemberRole) =>
      call(api.organizations.updateMember, {
        params: { organizationId, memberId: member.id },
        body: { role },
      }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['people', organizationId] }),
    onError: (error, role) =>
      sayFailed(`${member.name} keeps the role`, factsOf(error), () => change.mutate(role)),
  })
  return (
    <Select
      compact
      label={`Role of ${member.name}`}
      value={change.isPending ? change.variables : member.role}
      options={roles}
      onChange={(role) => role !== member.role && change.mutate(role)}
    />
  )
}

function AddMember({ onClose }: { onClose: () => void }) {
  const organization = useOrganization()
  return (
    <PersonForm
      title="Add a member"
      description="Somebody who has an account on this installation already."
      deed="Add member"
      doing="Adding…"
      act={(body, idempotencyKey) =>
        call(
          api.organizations.addMember,
          { params: { organizationId: organization.id }, body },
          { idempotencyKey },
        )
      }
      onDone={onClose}
      onClose={onClose}
    />
  )
}

function RemoveMember({ member, onClose }: { member: Member; onClose: () => void }) {
  const organization = useOrganization()
  const queryClient = useQueryClient()
  const remove = useMutation({
    mutationFn: () =>
      call(api.organizations.removeMember, {
        params: { organizationId: organization.id, memberId: member.id },
      }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ['people', organization.id] })
      onClose()
    },
  })
  return (
    <Dialog open onClose={onClose} title={`Take ${member.name} out of ${organization.name}?`}>
      <DialogBody>
        <p className="text-ink-2">
          They no longer see anything of {organization.name}. Their tokens stop working here at once, and open
          sessions end. What they launched goes on running, and the log keeps what they did.
        </p>
        {remove.error && <ErrorPanel {...factsOf(remove.error)} />}
      </DialogBody>
      <DialogFooter>
        <Button onClick={onClose}>Keep them</Button>
        <Button look="danger" pending={remove.isPending && 'Taking out…'} onClick={() => remove.mutate()}>
          Take out {member.name}
        </Button>
      </DialogFooter>
    </Dialog>
  )
}
