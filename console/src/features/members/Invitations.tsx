import { api, type Invitation } from '@berth/contracts'
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { call, factsOf } from '../../api/client.ts'
import { moreOf, useRows } from '../../app/lists.ts'
import { useSnapshotInterval } from '../../app/live.ts'
import { useOrganization } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Panel, RowsSkeleton } from '../../ui/Panel.tsx'
import { StatusMark } from '../../ui/StatusMark.tsx'
import { actionCell } from '../../ui/Table.tsx'
import { Time } from '../../ui/Time.tsx'
import { sayFailed } from '../../ui/Toast.tsx'
import { type Column, VirtualTable } from '../../ui/VirtualTable.tsx'
import { invitationMarks, invitationsQuery } from './invitations.ts'
import { InvitationSent, type Sent } from './InviteMember.tsx'

/** Who is invited and what became of it; absent while nobody ever was. */
export function Invitations({ refused }: { refused: string | null }) {
  const organization = useOrganization()
  const invitations = useInfiniteQuery({
    ...invitationsQuery(organization.id),
    refetchInterval: useSnapshotInterval(),
  })
  const rows = useRows(invitations.data)
  const [revoking, setRevoking] = useState<Invitation | null>(null)
  const [sent, setSent] = useState<Sent | null>(null)
  const columns = useMemo(() => columnsOf(refused, setSent, setRevoking), [refused])
  if (invitations.data && rows.length === 0) return null
  return (
    <div className="mt-4">
      <Panel flush title="Invitations">
        {invitations.isError && (
          <div className="p-3">
            <ErrorPanel {...factsOf(invitations.error)} onRetry={() => void invitations.refetch()} />
          </div>
        )}
        {invitations.isPending && <RowsSkeleton label="Loading invitations" rows={2} />}
        {invitations.data && (
          <VirtualTable
            label="Invitations"
            columns={columns}
            rows={rows}
            rowId={idOf}
            more={moreOf(invitations)}
          />
        )}
      </Panel>
      {revoking && <RevokeInvitation invitation={revoking} onClose={() => setRevoking(null)} />}
      {sent && <InvitationSent sent={sent} onClose={() => setSent(null)} />}
    </div>
  )
}

const idOf = ({ id }: Invitation) => id
const wide = 'hidden @2xl:table-cell'

const columnsOf = (
  refused: string | null,
  onSent: (sent: Sent) => void,
  onRevoke: (invitation: Invitation) => void,
): Column<Invitation>[] => [
  {
    id: 'email',
    header: 'E-mail',
    className: 'w-[50%] @2xl:w-[27%]',
    title: ({ email }) => email,
    cell: ({ email }) => email,
  },
  { id: 'role', header: 'Role', className: `${wide} @2xl:w-[11%]`, cell: ({ role }) => role },
  {
    id: 'state',
    header: 'State',
    className: `${wide} @2xl:w-[12%]`,
    cell: ({ state }) => <StatusMark {...invitationMarks[state]} />,
  },
  {
    id: 'by',
    header: 'Invited by',
    className: `${wide} @2xl:w-[16%]`,
    cellClassName: 'text-ink-2',
    title: ({ invitedBy }) => invitedBy?.name,
    cell: ({ invitedBy }) => invitedBy?.name ?? '–',
  },
  {
    id: 'time',
    header: 'Since',
    numeric: true,
    className: `${wide} @2xl:w-[12%]`,
    cellClassName: 'text-ink-3',
    cell: ({ endedAt, sentAt }) => <Time at={endedAt ?? sentAt} ago />,
  },
  {
    id: 'actions',
    header: 'Actions',
    numeric: true,
    className: 'w-[50%] @2xl:w-[22%]',
    cellClassName: actionCell,
    cell: (invitation) =>
      invitation.state !== 'pending' ? (
        // Where there is no room for the state's own column.
        <span className="pr-2 @2xl:hidden">
          <StatusMark {...invitationMarks[invitation.state]} />
        </span>
      ) : (
        <>
          <Resend invitation={invitation} refused={refused} onSent={onSent} />
          <Button
            look="quiet"
            aria-label={`Revoke the invitation of ${invitation.email}`}
            className="!h-7 !px-2 text-xs"
            whyNot={refused}
            onClick={() => onRevoke(invitation)}
          >
            Revoke…
          </Button>
        </>
      ),
  },
]

function Resend(props: { invitation: Invitation; refused: string | null; onSent: (sent: Sent) => void }) {
  const { invitation, refused, onSent } = props
  const { id: organizationId } = useOrganization()
  const queryClient = useQueryClient()
  const resend = useMutation({
    mutationFn: () =>
      call(api.invitations.resend, { params: { organizationId, invitationId: invitation.id } }),
    onSuccess: onSent,
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['people', organizationId] }),
    onError: (error) =>
      sayFailed(`${invitation.email} gets no new link`, factsOf(error), () => resend.mutate()),
  })
  return (
    <Button
      look="quiet"
      aria-label={`Send ${invitation.email} a new link`}
      className="!h-7 !px-2 text-xs"
      whyNot={refused}
      pending={resend.isPending && 'Sending…'}
      onClick={() => resend.mutate()}
    >
      {invitation.mailed ? 'Send again' : 'New link'}
    </Button>
  )
}

function RevokeInvitation({ invitation, onClose }: { invitation: Invitation; onClose: () => void }) {
  const { id: organizationId } = useOrganization()
  const queryClient = useQueryClient()
  const revoke = useMutation({
    mutationFn: () =>
      call(api.invitations.revoke, { params: { organizationId, invitationId: invitation.id } }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ['people', organizationId] })
      onClose()
    },
  })
  return (
    <Dialog open onClose={onClose} title={`Revoke the invitation of ${invitation.email}?`}>
      <DialogBody>
        <p className="text-ink-2">The link stops working at once, and the seat is free again.</p>
        {revoke.error && <ErrorPanel {...factsOf(revoke.error)} />}
      </DialogBody>
      <DialogFooter>
        <Button onClick={onClose}>Keep it</Button>
        <Button look="danger" pending={revoke.isPending && 'Revoking…'} onClick={() => revoke.mutate()}>
          Revoke
        </Button>
      </DialogFooter>
    </Dialog>
  )
}
