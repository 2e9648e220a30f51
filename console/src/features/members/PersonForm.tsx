import type { MemberRole } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { createIdempotencyKeys, factsOf, fieldFaultsOf } from '../../api/client.ts'
import { useOrganization } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Select } from '../../ui/Select.tsx'
import { roles, roleWords } from './roles.ts'

export interface Person {
  email: string
  role: MemberRole
}

export interface PersonFormProps<T> {
  title: string
  description: string
  /** The roles to choose from. */
  offered?: typeof roles
  deed: string
  doing: string
  /** Does it; what it throws is shown. */
  act: (person: Person, idempotencyKey: string) => Promise<T>
  onDone: (made: T) => void
  onClose: () => void
}

/** Asks who is to belong to the organization, by e-mail address, and as what. */
export function PersonForm<T>(props: PersonFormProps<T>) {
  const { title, description, offered = roles, deed, doing, act, onDone, onClose } = props
  const organization = useOrganization()
  const queryClient = useQueryClient()
  const [keyOf] = useState(createIdempotencyKeys)
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<MemberRole>('developer')
  const [fault, setFault] = useState<string>()
  const perform = useMutation({
    mutationFn: () => {
      const person = { email: email.trim(), role }
      return act(person, keyOf(person))
    },
    onSuccess: async (made) => {
      await queryClient.invalidateQueries({ queryKey: ['people', organization.id] })
      onDone(made)
    },
  })
  const faults = fieldFaultsOf(perform.error)
  return (
    <Dialog open onClose={onClose} title={title} description={description}>
      <form
        noValidate
        className="flex min-h-0 flex-col"
        onSubmit={(event) => {
          event.preventDefault()
          setFault(email.trim() ? undefined : 'Whose e-mail address?')
          if (email.trim()) perform.mutate()
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
          {perform.error && !faults.email && !faults.role && <ErrorPanel {...factsOf(perform.error)} />}
        </DialogBody>
        <DialogFooter>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" pending={perform.isPending && doing}>
            {deed}
          </Button>
        </DialogFooter>
      </form>
    </Dialog>
  )
}
