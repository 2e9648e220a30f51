import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { factsOf } from '../../api/client.ts'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Checkbox, Field } from '../../ui/Field.tsx'
import { SearchBox } from '../../ui/SearchBox.tsx'
import { Select } from '../../ui/Select.tsx'
import { reachableQuery } from './owner.ts'

/** More than this are looked through with a search. */
const many = 8

/** Which deployments a token reaches: every one, or those that are ticked. `null`: every one. */
export function DeploymentChoice(props: {
  /** Null: no single organization is chosen, so there is nothing to choose from. */
  organizationId: string | null
  workspaceId?: string
  value: readonly string[] | null
  error?: string | undefined
  onChange: (ids: string[] | null) => void
}) {
  const { organizationId, workspaceId, value, error, onChange } = props
  const every = {
    value: 'every',
    label: workspaceId ? 'Every deployment of the workspace' : 'Every deployment',
  }
  const some = { value: 'some', label: 'Only certain ones' }
  return (
    <>
      <Field
        label="Deployments"
        error={error}
        hint={organizationId ? undefined : 'Choose one organization to name deployments of it.'}
      >
        <Select
          label="Deployments"
          value={value === null ? 'every' : 'some'}
          options={organizationId ? [every, some] : [every]}
          onChange={(next) => onChange(next === 'some' ? [] : null)}
        />
      </Field>
      {organizationId && value !== null && (
        <List organizationId={organizationId} workspaceId={workspaceId} value={value} onChange={onChange} />
      )}
    </>
  )
}

function List(props: {
  organizationId: string
  workspaceId: string | undefined
  value: readonly string[]
  onChange: (ids: string[]) => void
}) {
  const { organizationId, workspaceId, value, onChange } = props
  const [search, setSearch] = useState('')
  const deployments = useQuery(reachableQuery(organizationId, workspaceId))
  const all = deployments.data?.items ?? []
  const shown = all.filter(
    ({ id, name, server }) => value.includes(id) || `${name} ${server}`.includes(search),
  )
  if (deployments.isError)
    return <ErrorPanel {...factsOf(deployments.error)} onRetry={() => void deployments.refetch()} />
  return (
    <fieldset className="min-w-0 rounded-lg border border-line px-3 pt-1 pb-2">
      <legend className="px-1 text-xs text-ink-3">
        {value.length === 0 ? 'Which ones' : `${value.length} chosen`}
      </legend>
      {all.length > many && (
        <div className="mb-1.5">
          <SearchBox label="Search deployments" value={search} onChange={setSearch} />
        </div>
      )}
      <div className="flex max-h-40 flex-col gap-1 overflow-y-auto">
        {shown.map(({ id, name, server }) => (
          <Checkbox
            key={id}
            label={name}
            hint={server}
            checked={value.includes(id)}
            onChange={(event) =>
              onChange(event.target.checked ? [...value, id] : value.filter((one) => one !== id))
            }
          />
        ))}
        {deployments.data && all.length === 0 && (
          <p className="text-xs text-ink-3">Nothing is deployed here yet.</p>
        )}
        {all.length > 0 && shown.length === 0 && <p className="text-xs text-ink-3">None is called so.</p>}
      </div>
      {deployments.data?.nextCursor && (
        <p className="mt-1 text-xs text-ink-3">
          The first {all.length} are listed; mcpctl tokens create --deployment takes any.
        </p>
      )}
    </fieldset>
  )
}
