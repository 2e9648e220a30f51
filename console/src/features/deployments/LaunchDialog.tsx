import { api, type CatalogServer, type Release, type Tier, type Workspace } from '@berth/contracts'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call, createIdempotencyKeys, factsOf, fieldFaultsOf } from '../../api/client.ts'
import { type Membership, useOrganization } from '../../app/session.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter, DialogForm } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field, Input, TextArea } from '../../ui/Field.tsx'
import { Select } from '../../ui/Select.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { putDeployment, refreshWorkspaces } from '../lifecycle/live.ts'
import { tiersQuery } from '../lifecycle/queries.ts'
import { heldFor } from '../workspaces/demands.ts'
import { ConfigFields } from './ConfigFields.tsx'
import { faultOf, faultsIn, faultsOf } from './faults.ts'
import { catalogQuery, secretsQuery, workspacesQuery } from './launchQueries.ts'
import { configOf, type ConfigValues, fieldsOf, initialValues, readObject } from './schemaFields.ts'
import { defaultChoice, newNameFor, type SecretChoices, SecretFields } from './SecretFields.tsx'
import { type NewWorkspace, WorkspaceFields } from './WorkspaceFields.tsx'

export interface LaunchDialogProps {
  /** The workspace on view, offered first. */
  workspaceKey: string | undefined
  /** The server to begin with, `provider/server`. */
  serverRef?: string | undefined
  /** The tier that is offered first for a new workspace; absent: standard. */
  tier?: string
  onClose: () => void
  onLaunched: (deploymentId: string) => void
}

/** From the catalog to a running server in one form. */
export function LaunchDialog({
  workspaceKey,
  serverRef,
  tier = 'standard',
  onClose,
  onLaunched,
}: LaunchDialogProps) {
  const organization = useOrganization()
  const catalog = useQuery(catalogQuery)
  const workspaces = useQuery(workspacesQuery(organization.id))
  const tiers = useQuery(tiersQuery)
  const failed = [catalog, workspaces, tiers].find(({ isError }) => isError)
  return (
    <Dialog
      open
      onClose={onClose}
      width="wide"
      title="Launch a server"
      description="Policy decides before it starts and while it runs; every call to it leaves a record."
    >
      {failed && (
        <DialogBody>
          <ErrorPanel {...factsOf(failed.error)} onRetry={() => void failed.refetch()} />
        </DialogBody>
      )}
      {!failed && !(catalog.data && workspaces.data && tiers.data) && (
        <DialogBody>
          {[0, 1, 2].map((row) => (
            <Skeleton key={row} className="h-[52px] w-full" />
          ))}
        </DialogBody>
      )}
      {catalog.data && workspaces.data && tiers.data && (
        <LaunchForm
          organization={organization}
          servers={catalog.data.items}
          workspaces={workspaces.data.items}
          tiers={tiers.data.items}
          preferred={workspaceKey}
          begin={serverRef}
          tier={tier}
          onClose={onClose}
          onLaunched={onLaunched}
        />
      )}
    </Dialog>
  )
}

interface LaunchFormProps {
  organization: Membership
  servers: CatalogServer[]
  workspaces: Workspace[]
  tiers: Tier[]
  preferred: string | undefined
  begin: string | undefined
  tier: string
  onClose: () => void
  onLaunched: (deploymentId: string) => void
}

/** What the person gave for one release; another release starts over. */
interface Given {
  values: ConfigValues
  json: string
  secrets: SecretChoices
}

function LaunchForm({
  organization,
  servers,
  workspaces,
  tiers,
  preferred,
  begin,
  tier,
  onClose,
  onLaunched,
}: LaunchFormProps) {
  const queryClient = useQueryClient()
  const [keys] = useState(() => ({ workspace: createIdempotencyKeys(), launch: createIdempotencyKeys() }))
  const first = workspaces.find(({ key }) => key === preferred) ?? workspaces[0]
  const [workspaceId, setWorkspaceId] = useState<string | null>(first?.id ?? null)
  const [draft, setDraft] = useState<NewWorkspace>({
    name: workspaces.length === 0 ? 'Main' : '',
    tier: tiers.find(({ code }) => code === tier)?.code ?? tiers[0]?.code ?? '',
    region: 'local',
  })
  const launchable = servers.filter(({ latestRelease }) => latestRelease)
  const [ref, setRef] = useState(() => launchable.map(refOf).find((one) => one === begin) ?? null)
  const [name, setName] = useState('')
  const [given, setGiven] = useState<Given>(() => givenFor(launchable, ref))
  const [ownFaults, setOwnFaults] = useState<Record<string, string>>({})

  const server = launchable.find((one) => refOf(one) === ref)
  const release = server?.latestRelease ?? null
  const place = workspaces.find(({ id }) => id === workspaceId)?.tier ?? draft.tier
  const held = heldFor(
    release?.artifact.kind,
    tiers.find(({ code }) => code === place),
    tiers,
  )
  const fields = release ? fieldsOf(release.manifest.configSchema) : []
  const wanted = release?.manifest.secrets ?? []
  const secrets = useQuery({
    ...secretsQuery(organization.id, workspaceId ?? ''),
    enabled: workspaceId !== null && wanted.length > 0,
  })
  const known = (workspaceId !== null && secrets.data?.items) || []

  const launch = useMutation({
    mutationFn: async (config: Record<string, unknown>) => {
      const params = { organizationId: organization.id }
      let into = workspaceId
      if (into === null) {
        const body = { ...draft, name: draft.name.trim() }
        const created = await call(
          api.workspaces.create,
          { params, body },
          { idempotencyKey: keys.workspace(body) },
        )
        into = created.id
        refreshWorkspaces(queryClient, organization.id)
        setWorkspaceId(into)
      }
      const bindings = await bindSecrets(into)
      const body = {
        workspaceId: into,
        server: ref!,
        ...(name.trim() ? { name: name.trim() } : {}),
        config,
        secrets: bindings,
      }
      return call(api.deployments.launch, { params, body }, { idempotencyKey: keys.launch(body) })
    },
    onSuccess: (deployment) => {
      putDeployment(queryClient, deployment)
      onLaunched(deployment.id)
    },
  })

  async function bindSecrets(into: string): Promise<Record<string, string>> {
    const bindings: Record<string, string> = {}
    for (const { name: secret, required } of wanted) {
      const choice = given.secrets[secret] ?? defaultChoice({ name: secret, required }, known)
      if (choice.from) bindings[secret] = choice.from
      if (choice.from !== null || choice.value === '') continue
      const stored = newNameFor(secret, known)
      const params = { organizationId: organization.id, workspaceId: into, name: stored }
      await call(api.secrets.set, { params, body: { value: choice.value } })
      bindings[secret] = stored
      // Stored now: should the launch be refused, the next try uses it instead of storing it again.
      setGiven((before) => ({
        ...before,
        secrets: { ...before.secrets, [secret]: { from: stored, value: '' } },
      }))
      await queryClient.invalidateQueries({ queryKey: ['secrets', organization.id, into] })
    }
    return bindings
  }

  function choose(next: string): void {
    setRef(next)
    setGiven(givenFor(launchable, next))
    setOwnFaults({})
    launch.reset()
  }

  function submit(): void {
    const faults: Record<string, string> = {}
    if (!server) faults.server = 'Choose what to launch.'
    if (workspaceId === null && draft.name.trim() === '') faults.name = 'Give the workspace a name.'
    for (const { name: secret, required } of wanted) {
      const choice = given.secrets[secret] ?? defaultChoice({ name: secret, required }, known)
      if (required && choice.from === null && choice.value === '')
        faults[`secrets.${secret}`] = `${secret} is needed.`
    }
    const read = fields ? configOf(fields, given.values) : readObject(given.json)
    setOwnFaults({ ...faultsOf('config', read.faults), ...faults })
    if (Object.keys(faults).length + Object.keys(read.faults).length === 0) launch.mutate(read.config)
  }

  const faults = { ...fieldFaultsOf(launch.error), ...ownFaults }
  return (
    <DialogForm onSubmit={submit}>
      <DialogBody>
        <Field label="Server" error={faults.server} hint={server?.description}>
          <Select
            label="Server"
            placeholder={launchable.length > 0 ? 'Choose from the catalog…' : 'The catalog is empty'}
            value={ref}
            options={launchable.map((one) => ({
              value: refOf(one),
              label: one.title || one.name,
              hint: `${refOf(one)} ${one.latestRelease!.version}`,
            }))}
            onChange={choose}
          />
        </Field>
        {release && <ReleaseFacts release={release} />}
        <WorkspaceFields
          workspaces={workspaces}
          tiers={tiers}
          chosen={workspaceId}
          onChoose={setWorkspaceId}
          draft={draft}
          onDraft={setDraft}
          faults={faults}
        />
        {held && (
          <p role="status" className="rounded-lg border border-wait bg-wait-bg px-3 py-2 text-wait">
            {held}
          </p>
        )}
        {release && (
          <Field
            label="Name"
            optional
            error={workspaceId === null ? undefined : faults.name}
            hint={`Part of its address. Empty: ${server!.slug}, with a number if that is taken.`}
          >
            <Input autoComplete="off" value={name} onChange={(event) => setName(event.target.value)} />
          </Field>
        )}
        {fields && fields.length > 0 && (
          <ConfigFields
            fields={fields}
            values={given.values}
            faults={faultsIn('config', faults)}
            onChange={(field, value) => setGiven({ ...given, values: { ...given.values, [field]: value } })}
          />
        )}
        {release && !fields && (
          <Field
            label="Configuration"
            error={faultOf('config', faults)}
            hint="As JSON; its schema is too free for a form."
          >
            <TextArea
              rows={6}
              spellCheck={false}
              value={given.json}
              onChange={(event) => setGiven({ ...given, json: event.target.value })}
            />
          </Field>
        )}
        <SecretFields
          wanted={wanted}
          known={known}
          choices={given.secrets}
          faults={faultsIn('secrets', faults)}
          onChange={(secret, choice) =>
            setGiven({ ...given, secrets: { ...given.secrets, [secret]: choice } })
          }
        />
        {launch.error && <ErrorPanel {...factsOf(launch.error)} />}
      </DialogBody>
      <DialogFooter>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" pending={launch.isPending && 'Launching…'}>
          Launch
        </Button>
      </DialogFooter>
    </DialogForm>
  )
}

/** What the form holds of a server before anything was typed: the defaults of its configuration. */
function givenFor(launchable: CatalogServer[], ref: string | null): Given {
  const manifest = launchable.find((one) => refOf(one) === ref)?.latestRelease?.manifest
  const fields = manifest ? fieldsOf(manifest.configSchema) : []
  return { values: fields ? initialValues(fields) : {}, json: '{}', secrets: {} }
}

/** What a release may do, before it is launched. */
function ReleaseFacts({ release }: { release: Release }) {
  const { manifest, observation, observationReason } = release
  return (
    <div className="flex flex-wrap items-center gap-1.5">
      <Badge>{manifest.egress.length === 0 ? 'no network' : `reaches ${manifest.egress.join(', ')}`}</Badge>
      <Badge>{release.artifact.kind}</Badge>
      {observation === 'observed' && <Badge tone="good">tools observed</Badge>}
      {observation === 'pending' && <Badge tone="wait">its tools are being observed</Badge>}
      {observation === 'failed' && (
        <p className="w-full text-xs text-bad">
          Its tools could not be observed{observationReason ? `: ${observationReason}` : '.'}
        </p>
      )}
    </div>
  )
}

function refOf({ provider, slug }: CatalogServer): string {
  return `${provider.slug}/${slug}`
}
