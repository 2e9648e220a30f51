import type { ClientFile } from '@berth/contracts'
import { useQuery } from '@tanstack/react-query'
import { factsOf, fieldFaultsOf } from '../../api/client.ts'
import { useOrganization } from '../../app/session.ts'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Select } from '../../ui/Select.tsx'
import { deploymentQuery } from '../lifecycle/queries.ts'
import { type Choice, type Importable, type Progress, sourceOf } from './entries.ts'
import { foldersAbove } from './reading.ts'

export interface EntryDetailsProps {
  one: Importable
  inputs: ClientFile['inputs']
  progress: Progress | undefined
  /** Whether faults are told already, or somebody is still typing for the first time. */
  judged: boolean
  answers: Record<string, string>
  onAnswer: (reference: string, value: string) => void
  onChoice: (choice: Choice) => void
}

/** What an entry is started with, and what is asked for it. */
export function EntryDetails(props: EntryDetailsProps) {
  const { one, progress } = props
  const { plan, config, barred, release } = one
  const failed = progress?.kind === 'failed' ? progress.error : null
  const fixed = progress !== undefined && !failed
  const shown = Object.entries(config)
  return (
    <div className="flex max-w-[720px] flex-col gap-3">
      {failed !== null && <ErrorPanel {...factsOf(failed)} />}
      {progress?.kind === 'done' && <Reason deploymentId={progress.deploymentId} />}
      {barred && <p className="text-wait">{barred}</p>}
      <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-0.5 text-xs">
        <Fact name="From">{sourceOf(plan)}</Fact>
        {release && <Fact name="Release">{`${release.server} ${release.version}`}</Fact>}
        {plan.args.length > 0 && <Fact name="Arguments">{plan.args.join(' ')}</Fact>}
        {shown.length > 0 && (
          <Fact name="Values">{shown.map(([name, value]) => `${name}=${textOf(value)}`).join('\n')}</Fact>
        )}
        {fixed && plan.artifact.kind !== 'remote' && (
          <Fact name="Network">{one.egress.length > 0 ? one.egress.join(' ') : 'none'}</Fact>
        )}
      </dl>
      {!fixed && !barred && <Fields {...props} fieldFaults={fieldFaultsOf(failed)} />}
    </div>
  )
}

function Fact({ name, children }: { name: string; children: string }) {
  return (
    <>
      <dt className="text-ink-3">{name}</dt>
      <dd className="font-mono break-words whitespace-pre-wrap text-ink-2">{children}</dd>
    </>
  )
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))

function Fields({
  one,
  inputs,
  judged,
  answers,
  onAnswer,
  onChoice,
  fieldFaults,
}: EntryDetailsProps & { fieldFaults: Record<string, string> }) {
  const { plan, name, egress, secrets, choice, faults } = one
  const { artifact } = plan
  const egressFault = Object.entries(fieldFaults).find(([path]) => path.startsWith('manifest.egress'))?.[1]
  const script = artifact.kind === 'local' ? `${artifact.path}/${artifact.command[1]}` : null
  return (
    <>
      <div className="grid gap-3 @2xl:grid-cols-2">
        <Field label="Name" error={faults.name ?? fieldFaults.name} hint="Part of its address.">
          <Input
            autoComplete="off"
            value={name}
            onChange={(event) => onChoice({ ...choice, name: event.target.value })}
          />
        </Field>
        {artifact.kind !== 'remote' && (
          <Field
            label="Hosts it may reach"
            optional
            error={egressFault}
            hint="Names, with spaces between. Empty: it has no network."
          >
            <Input
              autoComplete="off"
              className="font-mono"
              placeholder="api.example.com"
              value={choice.egress ?? egress.join(' ')}
              onChange={(event) => onChoice({ ...choice, egress: event.target.value })}
            />
          </Field>
        )}
        {script && artifact.kind === 'local' && (
          <Field
            label="Folder to take"
            hint="With everything it needs, such as node_modules; it is copied as it is now."
          >
            <Select
              label="Folder to take"
              value={artifact.path}
              options={foldersAbove(script).map((folder) => ({ value: folder, label: folder }))}
              onChange={(folder) => onChoice({ ...choice, folder })}
            />
          </Field>
        )}
      </div>
      {secrets.length > 0 && (
        <div className="grid gap-3 @2xl:grid-cols-2">
          {secrets.flatMap((secret) => {
            if (secret.asks.length > 0)
              return secret.asks.map((ask) => (
                <Field
                  key={`${secret.name} ${ask}`}
                  label={`${secret.name}: ${ask}`}
                  hint={inputs[/^\$\{input:(.*)\}$/.exec(ask)?.[1] ?? ''] ?? keptAs(secret.workspaceName)}
                  error={judged ? faults[ask] : undefined}
                >
                  <Input
                    type="password"
                    autoComplete="off"
                    value={answers[ask] ?? ''}
                    onChange={(event) => onAnswer(ask, event.target.value)}
                  />
                </Field>
              ))
            return (
              <Field key={secret.name} label={secret.name} hint={keptAs(secret.workspaceName)}>
                <Input
                  type="password"
                  autoComplete="off"
                  placeholder="As the file has it; type to replace it"
                  value={choice.values?.[secret.name] ?? ''}
                  onChange={(event) =>
                    onChoice({ ...choice, values: { ...choice.values, [secret.name]: event.target.value } })
                  }
                />
              </Field>
            )
          })}
        </div>
      )}
    </>
  )
}

const keptAs = (name: string) => `Kept encrypted in the workspace as ${name}.`

/** Why what was imported is where it is, when there is something to say. */
function Reason({ deploymentId }: { deploymentId: string }) {
  const { id } = useOrganization()
  const { data } = useQuery(deploymentQuery(id, deploymentId))
  return data?.reason ? <p className="text-ink-2">{data.reason}</p> : null
}
