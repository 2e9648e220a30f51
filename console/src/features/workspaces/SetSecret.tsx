import { api, type Deployment, type Secret, type Workspace } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call, factsOf, fieldFaultsOf } from '../../api/client.ts'
import { useOrganization, whyNot } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter, DialogForm } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Checkbox, Field, Input, TextArea } from '../../ui/Field.tsx'
import { sayDone } from '../../ui/Toast.tsx'
import { secretsQuery } from '../deployments/launchQueries.ts'

export interface SetSecretProps {
  workspace: Workspace
  /** The one whose value is replaced; null: a new one. */
  secret: Secret | null
  /** Names that are there already. */
  taken: readonly string[]
  /** What is given it. */
  users: readonly Deployment[]
  onClose: () => void
}

/** Sets a secret, anew or in place of the value there is; what runs with the old one can be restarted along. */
export function SetSecret({ workspace, secret, taken, users, onClose }: SetSecretProps) {
  const organization = useOrganization()
  const queryClient = useQueryClient()
  const [name, setName] = useState(secret?.name ?? '')
  const [value, setValue] = useState('')
  const [long, setLong] = useState(false)
  const running = users.filter(({ desired }) => desired === 'running')
  const mayRestart = whyNot(organization, 'deployments:write') === null
  const [restart, setRestart] = useState(true)
  const [ownFaults, setOwnFaults] = useState<Record<string, string>>({})
  const organizationId = organization.id
  const save = useMutation({
    mutationFn: async () => {
      const params = { organizationId, workspaceId: workspace.id, name: name.trim() }
      await call(api.secrets.set, { params, body: { value } })
      await queryClient.invalidateQueries({ queryKey: secretsQuery(organizationId, workspace.id).queryKey })
      if (!restart || !mayRestart) return []
      for (const { id } of running) {
        await call(api.deployments.restart, { params: { organizationId, deploymentId: id } })
      }
      return running
    },
    onSuccess: (restarted) => {
      const names = restarted.map((one) => one.name).join(', ')
      sayDone(`${name.trim()} is set.${names ? ` ${names} restarts with it.` : ''}`)
      onClose()
    },
  })
  const faults = { ...fieldFaultsOf(save.error), ...ownFaults }

  function submit(): void {
    const found: Record<string, string> = {}
    if (!secret && !name.trim()) found.name = 'Give it the name by which servers ask for it.'
    if (!secret && taken.includes(name.trim()))
      found.name = 'There is a secret of this name already. Close this and replace its value instead.'
    if (!value) found.value = 'Type or paste the value.'
    setOwnFaults(found)
    if (Object.keys(found).length === 0) save.mutate()
  }

  const Control = long ? TextArea : Input
  return (
    <Dialog
      open
      onClose={onClose}
      title={secret ? `Replace the value of ${secret.name}` : 'Set a secret'}
      description={`In ${workspace.name}. It is encrypted at once and never shown again.`}
    >
      <DialogForm onSubmit={submit}>
        <DialogBody>
          {!secret && (
            <Field label="Name" error={faults.name} hint="Letters, digits, hyphens and underscores.">
              <Input
                autoComplete="off"
                spellCheck={false}
                className="font-mono"
                value={name}
                onChange={(event) => setName(event.target.value)}
              />
            </Field>
          )}
          <Field label={secret ? 'New value' : 'Value'} error={faults.value}>
            <Control
              {...(long ? { rows: 5 } : { type: 'password' })}
              autoComplete="off"
              spellCheck={false}
              value={value}
              onChange={(event: { target: { value: string } }) => setValue(event.target.value)}
            />
          </Field>
          <Checkbox
            label="It has several lines"
            hint="Such as a private key. It is visible while you type it."
            checked={long}
            onChange={(event) => setLong(event.target.checked)}
          />
          {running.length > 0 && mayRestart && (
            <Checkbox
              label={`Restart ${running.map((one) => one.name).join(', ')} with it now`}
              hint="Open sessions end. Otherwise the old value is used until the next launch."
              checked={restart}
              onChange={(event) => setRestart(event.target.checked)}
            />
          )}
          {running.length > 0 && !mayRestart && (
            <p className="text-xs text-ink-2">
              {running.map((one) => one.name).join(', ')} will read it at the next launch.
            </p>
          )}
          {save.error && <ErrorPanel {...factsOf(save.error)} />}
        </DialogBody>
        <DialogFooter>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" pending={save.isPending && 'Setting…'}>
            {secret ? 'Replace the value' : 'Set the secret'}
          </Button>
        </DialogFooter>
      </DialogForm>
    </Dialog>
  )
}
