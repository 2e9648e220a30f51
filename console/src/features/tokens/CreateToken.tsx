import { api, type Permission, permissions } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call, createIdempotencyKeys, factsOf, fieldFaultsOf } from '../../api/client.ts'
import { useMe, useOrganization } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Checkbox, Field, Input, TextArea } from '../../ui/Field.tsx'
import { Copyable } from '../../ui/Id.tsx'
import { Select } from '../../ui/Select.tsx'
import { myTokensQuery } from './queries.ts'

const purposes: Record<string, { label: string; hint: string; scopes: readonly Permission[] }> = {
  client: {
    label: 'An MCP client',
    hint: 'Calls tools, sees deployments',
    scopes: ['tools:call', 'deployments:read'],
  },
  reader: {
    label: 'A program that reads',
    hint: 'Everything that can be read',
    scopes: permissions.filter((one) => one.endsWith(':read')),
  },
  full: { label: 'Everything that I may do', hint: 'Every scope', scopes: permissions },
  custom: { label: 'Something else', hint: 'Choose the scopes', scopes: [] },
}

/** How long a token may live; days. */
export const lifetimes = [
  { value: '7', label: '7 days' },
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: 'a year' },
  { value: 'never', label: 'never expires' },
]

const everywhere = '(all)'

/** Makes a token and shows its secret, once. */
export function CreateToken({ onClose }: { onClose: () => void }) {
  const me = useMe()
  const organization = useOrganization()
  const queryClient = useQueryClient()
  const [keyOf] = useState(createIdempotencyKeys)
  const [name, setName] = useState('')
  const [where, setWhere] = useState<string>(organization.id)
  const [purpose, setPurpose] = useState('client')
  const [scopes, setScopes] = useState<readonly Permission[]>(purposes.client!.scopes)
  const [lifetime, setLifetime] = useState('90')
  const [tools, setTools] = useState('')
  const [ownFaults, setOwnFaults] = useState<Record<string, string>>({})
  const create = useMutation({
    mutationFn: () => {
      const allowedTools = tools.split(/[\s,]+/).filter(Boolean)
      const body = {
        name: name.trim(),
        organizationId: where === everywhere ? null : where,
        expiresInDays: lifetime === 'never' ? null : Number(lifetime),
        scopes: [...scopes],
        allowedTools: allowedTools.length > 0 ? allowedTools : null,
      }
      return call(api.tokens.createMine, { body }, { idempotencyKey: keyOf(body) })
    },
    onSuccess: () => queryClient.invalidateQueries({ queryKey: myTokensQuery.queryKey }),
  })
  const faults = { ...fieldFaultsOf(create.error), ...ownFaults }

  function submit(): void {
    const found: Record<string, string> = {}
    if (!name.trim()) found.name = 'Give it a name by which you will know it again.'
    if (scopes.length === 0) found.scopes = 'Choose at least one scope.'
    setOwnFaults(found)
    if (Object.keys(found).length === 0) create.mutate()
  }

  if (create.data) return <Secret name={create.data.name} secret={create.data.secret} onClose={onClose} />
  return (
    <Dialog
      open
      onClose={onClose}
      title="Create an API token"
      description="It acts as you, and never more than you may."
    >
      <form
        noValidate
        className="flex min-h-0 flex-col"
        onSubmit={(event) => {
          event.preventDefault()
          submit()
        }}
      >
        <DialogBody>
          <Field label="Name" error={faults.name}>
            <Input autoComplete="off" value={name} onChange={(event) => setName(event.target.value)} />
          </Field>
          <Field label="For" error={faults.scopes}>
            <Select
              label="For"
              value={purpose}
              options={Object.entries(purposes).map(([value, { label, hint }]) => ({ value, label, hint }))}
              onChange={(next) => {
                setPurpose(next)
                if (next !== 'custom') setScopes(purposes[next]!.scopes)
              }}
            />
          </Field>
          {purpose === 'custom' && (
            <fieldset className="grid grid-cols-2 gap-x-3 gap-y-1">
              <legend className="mb-1 text-xs font-[550]">Scopes</legend>
              {permissions.map((scope) => (
                <Checkbox
                  key={scope}
                  label={scope}
                  checked={scopes.includes(scope)}
                  onChange={(event) =>
                    setScopes(
                      event.target.checked ? [...scopes, scope] : scopes.filter((one) => one !== scope),
                    )
                  }
                />
              ))}
            </fieldset>
          )}
          {scopes.includes('tools:call') && (
            <Field
              label="Allowed tools"
              optional
              error={faults.allowedTools}
              hint="Names of tools, by spaces. Empty: every tool. Others are neither listed to it nor can it call them."
            >
              <TextArea
                rows={2}
                spellCheck={false}
                value={tools}
                onChange={(event) => setTools(event.target.value)}
              />
            </Field>
          )}
          <div className="grid gap-3.5 sm:grid-cols-2">
            <Field label="Organization" error={faults.organizationId}>
              <Select
                label="Organization"
                value={where}
                options={[
                  ...me.organizations.map(({ id, name: label }) => ({ value: id, label })),
                  { value: everywhere, label: 'All of mine', hint: 'Also those I join later' },
                ]}
                onChange={setWhere}
              />
            </Field>
            <Field label="Expires after" error={faults.expiresInDays}>
              <Select label="Expires after" value={lifetime} options={lifetimes} onChange={setLifetime} />
            </Field>
          </div>
          {create.error && <ErrorPanel {...factsOf(create.error)} />}
        </DialogBody>
        <DialogFooter>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" pending={create.isPending && 'Creating…'}>
            Create token
          </Button>
        </DialogFooter>
      </form>
    </Dialog>
  )
}

/** Shows a new token's secret, this once. */
export function Secret({ name, secret, onClose }: { name: string; secret: string; onClose: () => void }) {
  return (
    <Dialog
      open
      onClose={onClose}
      title={`${name} is ready`}
      description="Copy it now: it is shown only this once."
    >
      <DialogBody>
        <div className="rounded-lg border border-line bg-bg px-3 py-2">
          <Copyable text={secret} what="token" sign="always" wrap />
        </div>
        <p className="text-xs text-ink-3">
          Send it as “Authorization: Bearer …”. Whoever has it can act as you within its scopes; if it gets
          out, revoke it here.
        </p>
      </DialogBody>
      <DialogFooter>
        <Button look="primary" onClick={onClose}>
          I have copied it
        </Button>
      </DialogFooter>
    </Dialog>
  )
}
