import { api, ApiError, type Deployment, type EndpointOutput } from '@berth/contracts'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call, factsOf, fieldFaultsOf } from '../../../api/client.ts'
import { useOrganization, whyNot } from '../../../app/session.ts'
import { Button } from '../../../ui/Button.tsx'
import { ErrorPanel } from '../../../ui/ErrorPanel.tsx'
import { Field, Input, TextArea } from '../../../ui/Field.tsx'
import { Panel } from '../../../ui/Panel.tsx'
import { Select } from '../../../ui/Select.tsx'
import { Skeleton } from '../../../ui/Skeleton.tsx'
import { sayDone } from '../../../ui/Toast.tsx'
import { putDeployment } from '../../lifecycle/live.ts'
import { ConfigFields } from '../ConfigFields.tsx'
import { faultOf, faultsIn, faultsOf } from '../faults.ts'
import { secretsQuery } from '../launchQueries.ts'
import { configOf, fieldsOf, readObject } from '../schemaFields.ts'
import { DangerZone } from './DangerZone.tsx'
import { releaseQuery, serverQuery } from './queries.ts'
import { SettingsConflict } from './SettingsConflict.tsx'
import { formOf, type SettingsForm, valuesOf } from './settingsForm.ts'

type Release = EndpointOutput<typeof api.catalog.getRelease>

/** How a deployment is set, and what cannot be taken back. */
export function SettingsTab({ deployment }: { deployment: Deployment }) {
  const release = useQuery(releaseQuery(deployment.releaseId))
  return (
    <>
      {release.isError && <ErrorPanel {...factsOf(release.error)} onRetry={() => void release.refetch()} />}
      {release.isPending && <Skeleton className="mb-3.5 h-80 w-full max-w-[640px]" />}
      {release.data && <Settings deployment={deployment} release={release.data} />}
      <DangerZone deployment={deployment} />
    </>
  )
}

function Settings({ deployment, release }: { deployment: Deployment; release: Release }) {
  const organization = useOrganization()
  const queryClient = useQueryClient()
  const fields = fieldsOf(release.manifest.configSchema)
  // What the person began with: changes of others meanwhile must not slip in under what they typed.
  const [base, setBase] = useState(deployment)
  const [form, setForm] = useState(() => formOf(deployment, fields))
  const [ownFaults, setOwnFaults] = useState<Record<string, string>>({})
  const server = useQuery(serverQuery(deployment.server))
  const secrets = useQuery(secretsQuery(organization.id, deployment.workspaceId))
  const start = formOf(base, fields)
  const changed = (Object.keys(form) as (keyof SettingsForm)[]).filter(
    (key) => JSON.stringify(form[key]) !== JSON.stringify(start[key]),
  )
  const save = useMutation({
    mutationFn: (body: Record<string, unknown>) =>
      call(api.deployments.update, {
        params: { organizationId: organization.id, deploymentId: deployment.id },
        body: { ...body, expectedVersion: base.settingsVersion },
      }),
    onSuccess: (saved) => {
      putDeployment(queryClient, saved)
      begin(saved)
      sayDone(`${saved.name} is set; it restarts with it if it runs.`)
    },
  })
  const current = conflictOf(save.error)
  const faults = { ...fieldFaultsOf(save.error), ...ownFaults }
  const set = (change: Partial<SettingsForm>) => setForm((before) => ({ ...before, ...change }))

  function begin(from: Deployment): void {
    setBase(from)
    setForm(formOf(from, fields))
    setOwnFaults({})
    save.reset()
  }

  function submit(): void {
    const config = form.json === null ? configOf(fields!, form.values) : readObject(form.json)
    const { limits, faults: wrong } = valuesOf(form)
    const found = { ...faultsOf('config', config.faults), ...faultsOf('limits', wrong) }
    setOwnFaults(found)
    if (Object.keys(found).length > 0) return
    save.mutate({
      ...(changed.includes('name') ? { name: form.name } : {}),
      ...(changed.includes('version') ? { version: form.version } : {}),
      ...(changed.some((key) => key === 'values' || key === 'json') ? { config: config.config } : {}),
      ...(changed.includes('secrets') ? { secrets: form.secrets } : {}),
      ...(changed.some((key) => key === 'memoryMb' || key === 'cpus' || key === 'pids') ? { limits } : {}),
    })
  }

  const idle = changed.length === 0 ? 'Nothing has been changed.' : null
  return (
    <form
      noValidate
      className="max-w-[640px]"
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <Panel title="Settings" note="a change goes through policy, and restarts it if it runs">
        <div className="flex flex-col gap-3.5">
          <div className="grid gap-3.5 sm:grid-cols-2">
            <Field
              label="Name"
              error={faults.name}
              hint="Part of its address; the old one goes on leading here."
            >
              <Input
                autoComplete="off"
                value={form.name}
                onChange={(event) => set({ name: event.target.value })}
              />
            </Field>
            <Field label="Release" error={faults.version}>
              <Select
                label="Release"
                value={form.version}
                options={versionsOf(server.data?.releases, base.version)}
                onChange={(version) => set({ version })}
              />
            </Field>
          </div>
          <h3 className="uppercase">Configuration</h3>
          {form.json === null && fields!.length === 0 && (
            <p className="text-xs text-ink-3">This release has nothing to configure.</p>
          )}
          {form.json === null && fields && (
            <ConfigFields
              fields={fields}
              values={form.values}
              faults={faultsIn('config', faults)}
              onChange={(name, value) => set({ values: { ...form.values, [name]: value } })}
            />
          )}
          {form.json !== null && (
            <Field
              label="Configuration"
              error={faultOf('config', faults)}
              hint="As JSON; its schema is too free for a form."
            >
              <TextArea
                rows={6}
                spellCheck={false}
                value={form.json}
                onChange={(event) => set({ json: event.target.value })}
              />
            </Field>
          )}
          <h3 className="uppercase">Secrets</h3>
          {release.manifest.secrets.length === 0 && (
            <p className="text-xs text-ink-3">This release asks for no secrets.</p>
          )}
          {release.manifest.secrets.map(({ name, required, description }) => (
            <Field
              key={name}
              label={name}
              optional={!required}
              hint={description}
              error={faults[`secrets.${name}`]}
            >
              <Select
                label={`Secret for ${name}`}
                placeholder="None"
                value={form.secrets[name] ?? null}
                options={(secrets.data?.items ?? []).map((one) => ({
                  value: one.name,
                  label: one.name,
                  hint: `version ${one.version}, in this workspace`,
                }))}
                onChange={(from) => set({ secrets: { ...form.secrets, [name]: from } })}
              />
            </Field>
          ))}
          <h3 className="uppercase">Limits</h3>
          <div className="grid gap-3.5 sm:grid-cols-3">
            {(
              [
                ['memoryMb', 'Memory, MB'],
                ['cpus', 'CPUs'],
                ['pids', 'Processes'],
              ] as const
            ).map(([key, label]) => (
              <Field key={key} label={label} error={faults[`limits.${key}`]}>
                <Input
                  inputMode="decimal"
                  autoComplete="off"
                  value={form[key]}
                  onChange={(event) => set({ [key]: event.target.value })}
                />
              </Field>
            ))}
          </div>
          {save.error && <ErrorPanel {...factsOf(save.error)} />}
          {current && (
            <SettingsConflict
              base={base}
              current={current}
              form={form}
              fields={fields}
              onTake={() => begin(current)}
              onSettle={(settled) => {
                setForm(settled)
                setBase(current)
                save.reset()
              }}
            />
          )}
          <div className="flex gap-2">
            <Button
              type="submit"
              look="primary"
              whyNot={whyNot(organization, 'deployments:write') ?? idle}
              pending={save.isPending && 'Saving…'}
            >
              Save
            </Button>
            {changed.length > 0 && <Button onClick={() => begin(deployment)}>Undo my changes</Button>}
          </div>
        </div>
      </Panel>
    </form>
  )
}

/** The deployment as it is now, when somebody changed it meanwhile. */
function conflictOf(error: unknown): Deployment | undefined {
  if (!(error instanceof ApiError) || error.problem.code !== 'version_conflict') return undefined
  return error.problem.current as Deployment | undefined
}

function versionsOf(
  releases: readonly { id: string; version: string; state: string }[] | undefined,
  present: string,
): { value: string; label: string; hint: string }[] {
  const admitted = (releases ?? []).filter(
    ({ state, version }) => state === 'admitted' || version === present,
  )
  if (admitted.length === 0) return [{ value: present, label: present, hint: 'in use' }]
  return admitted.map(({ version, state }) => ({
    value: version,
    label: version,
    hint: version === present ? 'in use' : state,
  }))
}
