import { api, type EndpointOutput, type MemberRole } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call, createIdempotencyKeys, factsOf, fieldFaultsOf } from '../../api/client.ts'
import { useOrganization } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Copyable } from '../../ui/Id.tsx'
import { Select } from '../../ui/Select.tsx'
import { absoluteOf } from '../../ui/Time.tsx'
import { roles, roleWords } from './roles.ts'

export type Sent = EndpointOutput<typeof api.invitations.create>

/** Invites somebody by e-mail address, whether they have an account or not. */
export function InviteMember({ onClose }: { onClose: () => void }) {
  const [sent, setSent] = useState<Sent | null>(null)
  if (sent) return <InvitationSent sent={sent} onClose={onClose} />
  return <InviteForm onSent={setSent} onClose={onClose} />
}

function InviteForm({ onSent, onClose }: { onSent: (sent: Sent) => void; onClose: () => void }) {
  const organization = useOrganization()
  const queryClient = useQueryClient()
  const [keyOf] = useState(createIdempotencyKeys)
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<MemberRole>('developer')
  const [fault, setFault] = useState<string>()
  const invite = useMutation({
    mutationFn: () => {
      const body = { email: email.trim(), role }
      return call(
        api.invitations.create,
        { params: { organizationId: organization.id }, body },
        { idempotencyKey: keyOf(body) },
      )
    },
    onSuccess: (sent) => {
      void queryClient.invalidateQueries({ queryKey: ['people', organization.id] })
      onSent(sent)
    },
  })
  const faults = fieldFaultsOf(invite.error)
  const offered = organization.role === 'owner' ? roles : roles.filter(({ value }) => value !== 'owner')
  return (
    <Dialog
      open
      onClose={onClose}
      title="Invite somebody"
      description="A seat is kept for them until they answer, or a week is over."
    >
      <form
        noValidate
        className="flex min-h-0 flex-col"
        onSubmit={(event) => {
          event.preventDefault()
          setFault(email.trim() ? undefined : 'Whose e-mail address?')
          if (email.trim()) invite.mutate()
        }}
      >
        <DialogBody>
          <Field label="E-mail" error={fault ?? faults.email}>
            <Input
              type="email"
              autoComplete="off"
              value={email}
              onChange={(event) => setEmail(event.target.value)}
            />
          </Field>
          <Field label="Role" error={faults.role} hint={roleWords[role]}>
            <Select label="Role" value={role} options={offered} onChange={setRole} />
          </Field>
          {invite.error && Object.keys(faults).length === 0 && <ErrorPanel {...factsOf(invite.error)} />}
        </DialogBody>
        <DialogFooter>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" pending={invite.isPending && 'Inviting…'}>
            Invite
          </Button>
        </DialogFooter>
      </form>
    </Dialog>
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
