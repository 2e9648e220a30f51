import type { ReleaseManifest, Secret } from '@berth/contracts'
import { cx } from '../../ui/cx.ts'
import { Field, Input } from '../../ui/Field.tsx'
import { Select } from '../../ui/Select.tsx'

/** How one of a release's secrets is met: by a secret of the workspace, or by a new one with this value. */
export interface SecretChoice {
  /** A secret's name; '' is none, `null` a new one. */
  from: string | null
  value: string
}

export type SecretChoices = Record<string, SecretChoice>

const fresh = '(new)'
const nothing = '(none)'

export interface SecretFieldsProps {
  wanted: ReleaseManifest['secrets']
  /** Those of the workspace. */
  known: Secret[]
  choices: SecretChoices
  faults: Record<string, string>
  onChange: (name: string, choice: SecretChoice) => void
}

/** For each secret that a release wants: one that the workspace has, or a new value, which nobody can read again. */
export function SecretFields({ wanted, known, choices, faults, onChange }: SecretFieldsProps) {
  return wanted.map(({ name, description, required }) => {
    const choice = choices[name] ?? defaultChoice({ name, required }, known)
    return (
      <div key={name} className={cx('grid gap-2', choice.from === null && 'sm:grid-cols-2')}>
        <Field label={name} optional={!required} hint={description} error={faults[name]}>
          <Select
            label={`Secret for ${name}`}
            value={choice.from === null ? fresh : choice.from || nothing}
            options={[
              ...(required ? [] : [{ value: nothing, label: 'None' }]),
              ...known.map((secret) => ({
                value: secret.name,
                label: secret.name,
                hint: secret.lost ? 'lost: set it anew' : `version ${secret.version}`,
              })),
              { value: fresh, label: 'A new secret' },
            ]}
            onChange={(from) =>
              onChange(name, { ...choice, from: from === fresh ? null : from === nothing ? '' : from })
            }
          />
        </Field>
        {choice.from === null && (
          <Field
            label={`Value of ${name}`}
            hint={`Kept encrypted in the workspace as ${newNameFor(name, known)}.`}
          >
            <Input
              type="password"
              autoComplete="off"
              value={choice.value}
              onChange={(event) => onChange(name, { ...choice, value: event.target.value })}
            />
          </Field>
        )}
      </div>
    )
  })
}

/** One of the same name is taken; else a new one is asked for, if there must be one. */
export function defaultChoice(
  { name, required }: { name: string; required: boolean },
  known: Secret[],
): SecretChoice {
  if (known.some((secret) => secret.name === name && !secret.lost)) return { from: name, value: '' }
  return { from: required ? null : '', value: '' }
}

/** A name that no secret of the workspace has, so that a new value never replaces one that others use; a lost one is replaced. */
export function newNameFor(name: string, known: Secret[]): string {
  const taken = new Set(known.filter(({ lost }) => !lost).map((secret) => secret.name))
  if (!taken.has(name)) return name
  let n = 2
  while (taken.has(`${name}_${n}`)) n++
  return `${name}_${n}`
}
