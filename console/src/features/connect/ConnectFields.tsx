import { tokenPlaceholder, type Deployment } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { createIdempotencyKeys, factsOf, fieldFaultsOf } from '../../api/client.ts'
import { useOrganization, whyNot } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Copyable } from '../../ui/Id.tsx'
import { Select } from '../../ui/Select.tsx'
import { createToken, person, tokensQuery } from '../tokens/owner.ts'
import { daysOf, lifetimes } from '../tokens/purposes.ts'
import { ClientSettings } from './ClientSettings.tsx'

/** What to paste into an MCP client so that it calls a deployment; with a token that is made right here, if wanted. */
export function ConnectFields(props: {
  deployment: Deployment
  /** How the button stands out that creates the token. */
  look?: 'primary' | 'plain'
  onCreated?: () => void
}) {
  const { deployment, look = 'plain', onCreated } = props
  const organization = useOrganization()
  const queryClient = useQueryClient()
  const [keyOf] = useState(createIdempotencyKeys)
  const [name, setName] = useState(`Client of ${deployment.name}`.slice(0, 80))
  const [lifetime, setLifetime] = useState('90')
  const create = useMutation({
    mutationFn: () => {
      const body = {
        name: name.trim(),
        organizationId: organization.id,
        expiresInDays: daysOf(lifetime),
        scopes: ['tools:call' as const],
        allowedDeployments: [deployment.id],
      }
      return createToken(person, body, keyOf(body))
    },
    onSuccess: () => {
      onCreated?.()
      return queryClient.invalidateQueries({ queryKey: tokensQuery(person).queryKey })
    },
  })
  const faults = fieldFaultsOf(create.error)
  const created = create.data
  return (
    <>
      {created ? (
        <div className="rounded-lg border border-line bg-bg px-3 py-2">
          <p className="mb-0.5 text-xs text-ink-2">
            The token {created.name}, shown only this once. It stands in the settings below already.
          </p>
          <Copyable text={created.secret} what="token" sign="always" wrap />
        </div>
      ) : (
        <form
          noValidate
          className="grid items-end gap-2.5 rounded-lg border border-line px-3 pt-2 pb-3 sm:grid-cols-[1fr_130px_auto]"
          onSubmit={(event) => {
            event.preventDefault()
            create.mutate()
          }}
        >
          <p className="text-xs text-ink-2 sm:col-span-3">
            Create a token that acts as you and calls the tools of this server only. Or put one that you have
            in place of {tokenPlaceholder}; agents have service tokens of their workspace.
          </p>
          <Field label="Name of the token" error={faults.name}>
            <Input autoComplete="off" value={name} onChange={(event) => setName(event.target.value)} />
          </Field>
          <Field label="Expires after">
            <Select label="Expires after" value={lifetime} options={lifetimes} onChange={setLifetime} />
          </Field>
          <Button
            type="submit"
            look={look}
            className="!h-[32px]"
            whyNot={whyNot(organization, 'tools:call') ?? (name.trim() ? null : 'Give the token a name.')}
            pending={create.isPending && 'Creating…'}
          >
            Create a token
          </Button>
        </form>
      )}
      {create.error && <ErrorPanel {...factsOf(create.error)} />}
      <ClientSettings deployments={[deployment]} {...(created ? { token: created.secret } : {})} />
    </>
  )
}
