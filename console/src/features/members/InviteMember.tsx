import { api, type EndpointOutput } from '@berth/contracts'
import { useState } from 'react'
import { call } from '../../api/client.ts'
import { useOrganization } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter } from '../../ui/Dialog.tsx'
import { Copyable } from '../../ui/Id.tsx'
import { absoluteOf } from '../../ui/Time.tsx'
import { type Person, PersonForm } from './PersonForm.tsx'
import { roles } from './roles.ts'

export type Sent = EndpointOutput<typeof api.invitations.create>

/** Invites somebody by e-mail address, whether they have an account or not. */
export function InviteMember({ onClose }: { onClose: () => void }) {
  const { offered, invite } = useInviting()
  const [sent, setSent] = useState<Sent | null>(null)
  if (sent) return <InvitationSent sent={sent} onClose={onClose} />
  return (
    <PersonForm
      title="Invite somebody"
      description="A seat is kept for them until they answer, or a week is over."
      offered={offered}
      deed="Invite"
      doing="Inviting…"
      act={invite}
      onDone={setSent}
      onClose={onClose}
    />
  )
}

/** The roles that one may invite people as, and how an invitation is made. */
export function useInviting() {
  const { id: organizationId, role } = useOrganization()
  return {
    offered: role === 'owner' ? roles : roles.filter(({ value }) => value !== 'owner'),
    invite: (body: Person, idempotencyKey: string) =>
      call(api.invitations.create, { params: { organizationId }, body }, { idempotencyKey }),
  }
}

/** Says that it is under way, or shows the link this once where no e-mail is sent. */
export function InvitationSent({ sent, onClose }: { sent: Sent; onClose: () => void }) {
  const { email, role, expiresAt, link } = sent
  return (
    <Dialog
      open
      onClose={onClose}
      width={link ? 'wide' : 'narrow'}
      title={`${email} is invited`}
      description={link ? 'Copy the link now: it is shown only this once.' : undefined}
    >
      <DialogBody>
        {link && (
          <div className="rounded-lg border border-line bg-bg px-3 py-2">
            <Copyable text={link} what="link" sign="always" wrap />
          </div>
        )}
        <p className="text-ink-2">
          {link
            ? 'This Berth sends no e-mail: pass the link on yourself. '
            : 'The link is on its way by e-mail. '}
          It lets them join as {role}, once, with an account of that address, until {absoluteOf(expiresAt)}.
        </p>
      </DialogBody>
      <DialogFooter>
        <Button look="primary" onClick={onClose}>
          {link ? 'I have copied it' : 'Done'}
        </Button>
      </DialogFooter>
    </Dialog>
  )
}
