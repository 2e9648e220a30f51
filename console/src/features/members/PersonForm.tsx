import { emailAddress, type MemberRole } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { createIdempotencyKeys, factsOf, fieldFaultsOf } from '../../api/client.ts'
import { useOrganization } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter, DialogForm } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Select } from '../../ui/Select.tsx'
import { roles, roleWords } from './roles.ts'

export interface Person {
  email: string
  role: MemberRole
}

interface Deed<T> {
  /** Does it; what it throws is shown. */
  act: (person: Person, idempotencyKey: string) => Promise<T>
  onDone: (made: T) => void
}

export interface PersonFormProps<T> extends Deed<T> {
  title: string
  description: string
  /** The roles to choose from. */
  offered?: typeof roles
  deed: string
  doing: string
  onClose: () => void
}

/** Asks above the page who is to belong to the organization, by e-mail address, and as what. */
export function PersonForm<T>(props: PersonFormProps<T>) {
  const { title, description, offered, deed, doing, act, onDone, onClose } = props
  const person = usePerson({ act, onDone })
  return (
    <Dialog open onClose={onClose} title={title} description={description}>
      <DialogForm onSubmit={person.submit}>
        <DialogBody>
          <PersonFields person={person} offered={offered} />
          {person.failure && <ErrorPanel {...person.failure} />}
        </DialogBody>
        <DialogFooter>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" pending={person.isPending && doing}>
            {deed}
          </Button>
        </DialogFooter>
      </DialogForm>
    </Dialog>
  )
}

/** Somebody who is being named, and what is then done with them. */
export function usePerson<T>({ act, onDone }: Deed<T>) {
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
      setEmail('')
      onDone(made)
    },
  })
  const faults = fieldFaultsOf(perform.error)
  return {
    email,
    setEmail,
    role,
    setRole,
    faults: { email: fault ?? faults.email, role: faults.role },
    /** What is wrong, but with neither of them. */
    failure: perform.error && !faults.email && !faults.role ? factsOf(perform.error) : null,
    isPending: perform.isPending,
    submit(event: FormEvent) {
      event.preventDefault()
      const wrong = faultOf(email.trim())
      setFault(wrong)
      if (!wrong) perform.mutate()
    },
  }
}

function faultOf(email: string): string | undefined {
  if (!email) return 'Whose e-mail address?'
  return emailAddress.safeParse(email).success ? undefined : 'Type an e-mail such as ada@example.org.'
}

/** Whom, and as what; each with what is wrong with it. */
export function PersonFields(props: {
  person: ReturnType<typeof usePerson>
  offered?: typeof roles | undefined
}) {
  const { person, offered = roles } = props
  const { email, setEmail, role, setRole, faults } = person
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
