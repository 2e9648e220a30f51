import { api, emailAddress, type MemberRole } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { call, createIdempotencyKeys, factsOf, fieldFaultsOf } from '../../api/client.ts'
import { useOrganization } from '../../app/session.ts'
import { Field, Input } from '../../ui/Field.tsx'
import { Select } from '../../ui/Select.tsx'
import type { Sent } from './InviteMember.tsx'
import { roles, roleWords } from './roles.ts'

/** An invitation that is being written, and sent. */
export function useInvite(onSent: (sent: Sent) => void) {
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
      setEmail('')
      onSent(sent)
    },
  })
  const offered = organization.role === 'owner' ? roles : roles.filter(({ value }) => value !== 'owner')
  const faults: Record<string, string> = {
    ...fieldFaultsOf(invite.error),
    ...(fault ? { email: fault } : {}),
  }
  return {
    email,
    setEmail,
    role,
    setRole,
    offered,
    faults,
    /** What is wrong with neither of them. */
    failure: invite.error && Object.keys(faults).length === 0 ? factsOf(invite.error) : null,
    pending: invite.isPending,
    submit(event: FormEvent) {
      event.preventDefault()
      const wrong = faultOf(email.trim())
      setFault(wrong)
      if (!wrong) invite.mutate()
    },
  }
}

function faultOf(email: string): string | undefined {
  if (!email) return 'Whose e-mail address?'
  return emailAddress.safeParse(email).success ? undefined : 'Type an e-mail such as ada@example.org.'
}

/** Whom, and as what; with what is wrong with it. */
export function InviteFields({ invite }: { invite: ReturnType<typeof useInvite> }) {
  const { email, setEmail, role, setRole, offered, faults } = invite
  return (
    <>
      <Field label="E-mail" error={faults.email}>
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
    </>
  )
}
