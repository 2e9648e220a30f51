import { api, type Deployment, type Tier, type Workspace } from '@berth/contracts'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import { call, factsOf, fieldFaultsOf } from '../../api/client.ts'
import { useOrganization, whyNot } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Panel } from '../../ui/Panel.tsx'
import { Select } from '../../ui/Select.tsx'
import { sayDone } from '../../ui/Toast.tsx'
import { refreshWorkspaces } from '../lifecycle/live.ts'
import { tiersQuery } from '../lifecycle/queries.ts'
import { demandsOf } from './demands.ts'

const ArchiveWorkspace = lazy(async () => ({
  default: (await import('./ArchiveWorkspace.tsx')).ArchiveWorkspace,
}))

/** What a workspace is called, where its addresses lead, and what its tier and region demand; and its archiving. */
export function WorkspaceSettings(props: { workspace: Workspace; deployments: readonly Deployment[] }) {
  const { workspace, deployments } = props
  const organization = useOrganization()
  const queryClient = useQueryClient()
  const { data: tiers } = useQuery(tiersQuery)
  const [draft, setDraft] = useState(workspace)
  const [asked, setAsked] = useState(false)
  const refused = whyNot(organization, 'workspaces:write')
  const archived = workspace.state === 'archived'
  const fields = ['name', 'key', 'tier', 'region'] as const
  const changed = fields.filter((field) => draft[field].trim() !== workspace[field])
  const save = useMutation({
    mutationFn: () =>
      call(api.workspaces.update, {
        params: { organizationId: organization.id, workspaceId: workspace.id },
        body: {
          ...Object.fromEntries(changed.map((field) => [field, draft[field].trim()])),
          expectedVersion: workspace.version,
        },
      }),
    onSuccess: () => {
      refreshWorkspaces(queryClient, organization.id)
      sayDone('Workspace saved.')
    },
  })
  const faults = fieldFaultsOf(save.error)
  const tier = tiers?.items.find(({ code }) => code === draft.tier)
  const set = (some: Partial<Workspace>) => setDraft({ ...draft, ...some })
  return (
    <Panel title="Settings">
      <form
        noValidate
        className="flex max-w-[520px] flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault()
          save.mutate()
        }}
      >
        <fieldset disabled={refused !== null} className="grid gap-3 sm:grid-cols-2">
          <Field label="Name" error={faults.name}>
            <Input
              autoComplete="off"
              value={draft.name}
              onChange={(event) => set({ name: event.target.value })}
            />
          </Field>
          <Field label="Key" error={faults.key} hint="Part of every address.">
            <Input
              autoComplete="off"
              spellCheck={false}
              className="font-mono"
              value={draft.key}
              onChange={(event) => set({ key: event.target.value })}
            />
          </Field>
          <Field label="Tier" error={faults.tier} hint={tier && demandsOf(tier)}>
            <Select
              label="Tier"
              value={draft.tier}
              options={(tiers?.items ?? []).map(({ code, name }) => ({
                value: code,
                label: code,
                hint: name,
              }))}
              onChange={(code) => set({ tier: code })}
            />
          </Field>
          <Field label="Region" error={faults.region} hint="Where you say its data is.">
            {tier && tier.regions.length > 0 ? (
              <Select
                label="Region"
                value={tier.regions.includes(draft.region) ? draft.region : null}
                placeholder={`${draft.region} is not allowed there`}
                options={tier.regions.map((region) => ({ value: region, label: region }))}
                onChange={(region) => set({ region })}
              />
            ) : (
              <Input
                autoComplete="off"
                spellCheck={false}
                value={draft.region}
                onChange={(event) => set({ region: event.target.value })}
              />
            )}
          </Field>
        </fieldset>
        <Consequences
          workspace={workspace}
          draft={draft}
          tier={tier}
          running={deployments.filter(({ phase }) => phase === 'running').length}
        />
        {save.error && <ErrorPanel {...factsOf(save.error)} />}
        <div className="flex flex-wrap gap-2">
          <Button
            type="submit"
            whyNot={refused ?? (changed.length === 0 ? 'Nothing has been changed.' : null)}
            pending={save.isPending && 'Saving…'}
          >
            Save
          </Button>
          <Button look={archived ? 'plain' : 'danger'} whyNot={refused} onClick={() => setAsked(true)}>
            {archived ? 'Restore…' : 'Archive…'}
          </Button>
        </div>
      </form>
      <Suspense>
        {asked && (
          <ArchiveWorkspace workspace={workspace} deployments={deployments} onClose={() => setAsked(false)} />
        )}
      </Suspense>
    </Panel>
  )
}

/** What follows from the changes that stand in the form, before they are saved. */
function Consequences(props: {
  workspace: Workspace
  draft: Workspace
  tier: Tier | undefined
  running: number
}) {
  const { workspace, draft, tier, running } = props
  const sentences: string[] = []
  if (draft.key.trim() !== workspace.key)
    sentences.push(
      `Addresses become /mcp/…/${draft.key.trim() || '…'}/…; those with ${workspace.key} go on working.`,
    )
  if (tier && draft.tier !== workspace.tier) {
    sentences.push(
      `What runs here (${running} now) is decided anew under ${tier.code}: what that tier does not allow is held, and open sessions with it end.`,
    )
    if (tier.sandbox === 'required') sentences.push('Nothing runs in it without a sandbox.')
    if (!tier.allowLocal) sentences.push("Servers from folders on the operator's machine do not run in it.")
  }
  if (draft.region.trim() !== workspace.region)
    sentences.push('The region is what is said of it: nothing is moved to another machine.')
  if (sentences.length === 0) return null
  return (
    <ul className="flex list-disc flex-col gap-1 rounded-lg border border-wait bg-wait-bg py-2 pr-3 pl-7 text-xs text-ink">
      {sentences.map((sentence) => (
        <li key={sentence}>{sentence}</li>
      ))}
    </ul>
  )
}
