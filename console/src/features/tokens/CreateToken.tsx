import type { Permission } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { createIdempotencyKeys, factsOf, fieldFaultsOf } from '../../api/client.ts'
import { type Membership, useMe, useOrganization } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter, DialogForm } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Checkbox, Field, Input, TextArea } from '../../ui/Field.tsx'
import { Select } from '../../ui/Select.tsx'
import { DeploymentChoice } from './DeploymentChoice.tsx'
import { createToken, scopesOf, type TokenOwner, tokensQuery } from './owner.ts'
import { daysOf, lifetimes, type Purpose, purposes, withinDeployments } from './purposes.ts'
import { TokenReady } from './TokenReady.tsx'

const everywhere = '(all)'

/** Makes a token, of a person or of a workspace's agents, and shows its secret, once. */
export function CreateToken({ owner, onClose }: { owner: TokenOwner; onClose: () => void }) {
  const me = useMe()
  const organization = useOrganization()
  const queryClient = useQueryClient()
  const [keyOf] = useState(createIdempotencyKeys)
  const [name, setName] = useState('')
  const [where, setWhere] = useState<string>(organization.id)
  const [purpose, setPurpose] = useState<Purpose>('client')
  const [picked, setPicked] = useState<readonly Permission[]>([])
  const [deployments, setDeployments] = useState<string[] | null>(null)
  const [tools, setTools] = useState('')
  const [lifetime, setLifetime] = useState('90')
  const [ownFaults, setOwnFaults] = useState<Record<string, string>>({})

  const places = me.organizations.filter(({ state }) => state === 'active')
  const held = heldIn(where === everywhere ? places : places.filter(({ id }) => id === where))
  const givable = scopesOf(owner).filter((one) => held.has(one))
  const possible = deployments === null ? givable : withinDeployments(givable)
  const wished = purpose === 'custom' ? picked : purposes[purpose].scopes(givable)
  const scopes = wished.filter((one) => possible.includes(one))
  const leftOut = wished.filter((one) => !possible.includes(one))

  const create = useMutation({
    mutationFn: () => {
      const allowedTools = tools.split(/[\s,]+/).filter(Boolean)
      const body = {
        name: name.trim(),
        organizationId: where === everywhere ? null : where,
        expiresInDays: daysOf(lifetime),
        scopes,
        allowedDeployments: deployments,
        allowedTools: allowedTools.length > 0 ? allowedTools : null,
      }
      return createToken(owner, body, keyOf(body))
    },
    onSuccess: () => queryClient.invalidateQueries({ queryKey: tokensQuery(owner).queryKey }),
  })
  const faults = { ...fieldFaultsOf(create.error), ...ownFaults }

  function submit(): void {
    const found: Record<string, string> = {}
    if (!name.trim()) found.name = 'Give it a name by which you will know it again.'
    if (scopes.length === 0) found.scopes = 'Choose at least one scope.'
    if (deployments?.length === 0) found.allowedDeployments = 'Tick at least one deployment.'
    setOwnFaults(found)
    if (Object.keys(found).length === 0) create.mutate()
  }

  if (create.data) return <TokenReady owner={owner} created={create.data} onClose={onClose} />
  return (
    <Dialog
      open
      onClose={onClose}
      title={owner.kind === 'person' ? 'Create an API token' : 'Create a service token'}
      description={
        owner.kind === 'person'
          ? 'It acts as you and can never do more than you may.'
          : `For agents that work in ${owner.workspace.name}; it belongs to no person.`
      }
    >
      <DialogForm onSubmit={submit}>
        <DialogBody>
          <Field label="Name" error={faults.name}>
            <Input autoComplete="off" value={name} onChange={(event) => setName(event.target.value)} />
          </Field>
          <Field label="For" error={faults.scopes}>
            <Select
              label="For"
              value={purpose}
              options={Object.entries(purposes).map(([value, { label, hint }]) => ({
                value: value as Purpose,
                label,
                hint,
              }))}
              onChange={setPurpose}
            />
          </Field>
          {purpose === 'custom' && <Scopes possible={possible} picked={picked} onPick={setPicked} />}
          {owner.kind === 'person' && (
            <Field label="Organization" error={faults.organizationId}>
              <Select
                label="Organization"
                value={where}
                options={[
                  ...places.map(({ id, name: label }) => ({ value: id, label })),
                  { value: everywhere, label: 'All of mine', hint: 'Also those I join later' },
                ]}
                onChange={(next) => {
                  setWhere(next)
                  setDeployments(null)
                }}
              />
            </Field>
          )}
          <DeploymentChoice
            organizationId={where === everywhere ? null : where}
            {...(owner.kind === 'workspace' ? { workspaceId: owner.workspace.id } : {})}
            value={deployments}
            error={faults.allowedDeployments}
            onChange={(ids) => {
              setDeployments(ids)
              setOwnFaults({})
            }}
          />
          {leftOut.length > 0 && (
            <p className="text-xs text-ink-2">
              Without {leftOut.join(', ')}: {leftOut.length === 1 ? 'it reaches' : 'these reach'} beyond
              certain deployments.
            </p>
          )}
          {scopes.includes('tools:call') && (
            <Field
              label="Allowed tools"
              optional
              error={faults.allowedTools}
              hint="Names with spaces between them; empty means every tool. All others are hidden from it and refused."
            >
              <TextArea
                rows={2}
                spellCheck={false}
                value={tools}
                onChange={(event) => setTools(event.target.value)}
              />
            </Field>
          )}
          <Field label="Expires after" error={faults.expiresInDays}>
            <Select label="Expires after" value={lifetime} options={lifetimes} onChange={setLifetime} />
          </Field>
          {create.error && <ErrorPanel {...factsOf(create.error)} />}
        </DialogBody>
        <DialogFooter>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" pending={create.isPending && 'Creating…'}>
            Create token
          </Button>
        </DialogFooter>
      </DialogForm>
    </Dialog>
  )
}

const heldIn = (organizations: readonly Membership[]): ReadonlySet<Permission> =>
  new Set(organizations.flatMap((one) => one.permissions))

function Scopes(props: {
  possible: readonly Permission[]
  picked: readonly Permission[]
  onPick: (scopes: Permission[]) => void
}) {
  const { possible, picked, onPick } = props
  return (
    <fieldset className="grid grid-cols-2 gap-x-3 gap-y-1">
      <legend className="mb-1 text-xs font-[550]">Scopes</legend>
      {possible.map((scope) => (
        <Checkbox
          key={scope}
          label={scope}
          checked={picked.includes(scope)}
          onChange={(event) =>
            onPick(event.target.checked ? [...picked, scope] : picked.filter((one) => one !== scope))
          }
        />
      ))}
    </fieldset>
  )
}
