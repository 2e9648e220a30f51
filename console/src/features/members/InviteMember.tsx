import { api, type EndpointOutput } from '@berth/contracts'
import { useState } from 'react'
import { call } from '../../api/client.ts'
import { useOrganization } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter } from '../../ui/Dialog.tsx'
import { Copyable } from '../../ui/Id.tsx'
import { absoluteOf } from '../../ui/Time.tsx'
import { PersonForm } from './PersonForm.tsx'
import { roles } from './roles.ts'

export type Sent = EndpointOutput<typeof api.invitations.create>

/** Invites somebody by e-mail address, whether they have an account or not. */
export function InviteMember({ onClose }: { onClose: () => void }) {
  const organization = useOrganization()
  const [sent, setSent] = useState<Sent | null>(null)
  if (sent) return <InvitationSent sent={sent} onClose={onClose} />
  return (
    <PersonForm
      title="Invite somebody"
      description="A seat is kept for them until they answer, or a week is over."
      offered={organization.role === 'owner' ? roles : roles.filter(({ value }) => value !== 'owner')}
      deed="Invite"
      doing="Inviting…"
      act={(body, idempotencyKey) =>
        call(
          api.invitations.create,
          { params: { organizationId: organization.id }, body },
          { idempotencyKey },
        )
      }
      onDone={setSent}
      onClose={onClose}
    />
  )
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
