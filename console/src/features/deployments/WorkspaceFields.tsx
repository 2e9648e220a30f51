import type { Tier, Workspace } from '@berth/contracts'
import { Field, Input } from '../../ui/Field.tsx'
import { Select } from '../../ui/Select.tsx'
import { demandsOf } from '../workspaces/demands.ts'

export interface NewWorkspace {
  name: string
  tier: string
  region: string
}

const fresh = '(new)'

export interface WorkspaceFieldsProps {
  workspaces: Workspace[]
  tiers: Tier[]
  /** The chosen workspace's id; null: a new one. */
  chosen: string | null
  onChoose: (id: string | null) => void
  draft: NewWorkspace
  onDraft: (draft: NewWorkspace) => void
  faults: Record<string, string>
}

/** Where to run: a workspace that is there, or a new one, described right here. */
export function WorkspaceFields(props: WorkspaceFieldsProps) {
  const { workspaces, tiers, chosen, onChoose, draft, onDraft, faults } = props
  const tier = tiers.find(({ code }) => code === draft.tier)
  return (
    <>
      {workspaces.length > 0 && (
        <Field label="Workspace" error={faults.workspaceId}>
          <Select
            label="Workspace"
            value={chosen ?? fresh}
            options={[
              ...workspaces.map(({ id, name, tier: code, region }) => ({
                value: id,
                label: name,
                hint: `${code} · ${region}`,
              })),
              { value: fresh, label: 'A new workspace' },
            ]}
            onChange={(id) => onChoose(id === fresh ? null : id)}
          />
        </Field>
      )}
      {chosen === null && (
        <fieldset className="flex flex-col gap-3 rounded-lg border border-line px-3 pt-1 pb-3">
          <legend className="px-1 text-xs text-ink-3">New workspace</legend>
          <Field label="Workspace name" error={faults.name}>
            <Input
              autoComplete="off"
              value={draft.name}
              onChange={(event) => onDraft({ ...draft, name: event.target.value })}
            />
          </Field>
          <div className="grid gap-3 sm:grid-cols-2">
            <Field label="Tier" error={faults.tier} hint={tier && demandsOf(tier)}>
              <Select
                label="Tier"
                value={draft.tier}
                options={tiers.map(({ code, name }) => ({ value: code, label: code, hint: name }))}
                onChange={(code) => {
                  const regions = tiers.find((one) => one.code === code)?.regions ?? []
                  const keeps = regions.length === 0 || regions.includes(draft.region)
                  onDraft({ ...draft, tier: code, region: keeps ? draft.region : regions[0]! })
                }}
              />
            </Field>
            <Field label="Region" error={faults.region} hint="Where you say its data is.">
              {tier && tier.regions.length > 0 ? (
                <Select
                  label="Region"
                  value={draft.region}
                  options={tier.regions.map((region) => ({ value: region, label: region }))}
                  onChange={(region) => onDraft({ ...draft, region })}
                />
              ) : (
                <Input
                  autoComplete="off"
                  value={draft.region}
                  onChange={(event) => onDraft({ ...draft, region: event.target.value })}
                />
              )}
            </Field>
          </div>
        </fieldset>
      )}
    </>
  )
}
