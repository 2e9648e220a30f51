import { Plus, Trash2 } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button, IconButton } from '../../ui/Button.tsx'
import { Checkbox, Field, Input, TextArea } from '../../ui/Field.tsx'
import { Inert } from '../../ui/Inert.tsx'
import { Select } from '../../ui/Select.tsx'
import { type ConfigField, type ConfigValues, emptyOf, type FormValue } from './schemaFields.ts'

export interface ConfigFieldsProps {
  fields: ConfigField[]
  values: ConfigValues
  /** By the path of the field: `place.city`. */
  faults: Record<string, string>
  onChange: (name: string, value: FormValue) => void
}

/** A form for a configuration, one control for each property. */
export function ConfigFields(props: ConfigFieldsProps) {
  return <Fields {...props} path="" />
}

function Fields({ fields, values, faults, onChange, path }: ConfigFieldsProps & { path: string }) {
  return fields.map((field) => (
    <One
      key={field.name}
      field={field}
      path={`${path}${field.name}`}
      value={values[field.name] ?? emptyOf(field)}
      faults={faults}
      onChange={(value) => onChange(field.name, value)}
    />
  ))
}

interface OneProps {
  field: ConfigField
  path: string
  value: FormValue
  faults: Record<string, string>
  onChange: (value: FormValue) => void
}

function One(props: OneProps) {
  const { field, path, value, faults, onChange } = props
  if (field.kind === 'object') return <Group {...props} />
  if (field.kind === 'list') return <List {...props} />
  if (field.kind === 'choices') return <Choices {...props} />
  if (field.kind === 'boolean')
    return (
      <div>
        <Checkbox
          label={field.label}
          hint={field.description}
          checked={value === true}
          onChange={(event) => onChange(event.target.checked)}
        />
        <Fault text={faults[path]} />
      </div>
    )
  const hint = [field.description, boundsOf(field), formats[field.kind], field.form].filter(Boolean).join(' ')
  return (
    <Field
      label={field.label}
      optional={!field.required}
      error={faultAt(faults, path)}
      hint={hint && <Inert text={hint} />}
    >
      <Control field={field} value={typeof value === 'string' ? value : ''} onChange={onChange} />
    </Field>
  )
}

const formats: Partial<Record<ConfigField['kind'], string>> = { strings: 'One per line.', json: 'As JSON.' }

function boundsOf({ kind, least, most }: ConfigField): string {
  if (kind !== 'number' && kind !== 'integer') return ''
  if (least !== null && most !== null) return `${least} to ${most}.`
  return least !== null ? `${least} or more.` : most !== null ? `${most} or less.` : ''
}

/** What is wrong with a field, or with a part of what was typed into it. */
function faultAt(faults: Record<string, string>, path: string): string | undefined {
  return faults[path] ?? Object.entries(faults).find(([key]) => key.startsWith(`${path}.`))?.[1]
}

function Fault({ text }: { text: string | undefined }) {
  return text ? (
    <p role="alert" className="text-xs font-[550] text-bad">
      {text}
    </p>
  ) : null
}

/** A frame around what belongs together. */
function Frame({ field, children }: { field: ConfigField; children: ReactNode }) {
  return (
    <fieldset className="flex min-w-0 flex-col gap-3 rounded-lg border border-line px-3 pt-1 pb-3">
      <legend className="px-1 text-xs font-[550]">
        {field.label}
        {!field.required && <span className="ml-1 font-normal text-ink-3">optional</span>}
      </legend>
      {field.description && (
        <p className="-mt-1 text-xs text-ink-3">
          <Inert text={field.description} />
        </p>
      )}
      {children}
    </fieldset>
  )
}

function Group({ field, path, value, faults, onChange }: OneProps) {
  const values = typeof value === 'object' && !Array.isArray(value) ? value : {}
  return (
    <Frame field={field}>
      <Fields
        fields={field.fields}
        path={`${path}.`}
        values={values}
        faults={faults}
        onChange={(name, inner) => onChange({ ...values, [name]: inner })}
      />
      <Fault text={faults[path]} />
    </Frame>
  )
}

function List({ field, path, value, faults, onChange }: OneProps) {
  const items = Array.isArray(value) ? value : []
  const item = field.item!
  return (
    <Frame field={field}>
      {items.length === 0 && <p className="text-xs text-ink-3">None yet.</p>}
      {items.map((one, at) => (
        // Items have no names, and a control holds nothing of its own: their place is who they are.
        // oxlint-disable-next-line react/no-array-index-key
        <div key={at} className="flex items-start gap-1.5">
          <div className="min-w-0 flex-1">
            <One
              field={{ ...item, label: `${field.label} ${at + 1}` }}
              path={`${path}.${at}`}
              value={one}
              faults={faults}
              onChange={(next) => onChange(items.with(at, next))}
            />
          </div>
          <IconButton
            label={`Remove ${field.label} ${at + 1}`}
            onClick={() => onChange(items.toSpliced(at, 1))}
          >
            <Trash2 aria-hidden className="size-3.5" />
          </IconButton>
        </div>
      ))}
      <Fault text={faults[path]} />
      <Button
        className="self-start"
        icon={<Plus aria-hidden className="size-3.5" />}
        whyNot={field.most !== null && items.length >= field.most ? `At most ${field.most}.` : null}
        onClick={() => onChange([...items, item.initial])}
      >
        Add {field.label}
      </Button>
    </Frame>
  )
}

function Choices({ field, path, value, faults, onChange }: OneProps) {
  const chosen = Array.isArray(value) ? value : []
  return (
    <Frame field={field}>
      <div className="flex flex-wrap gap-x-4 gap-y-1">
        {field.options.map((option) => (
          <Checkbox
            key={option}
            label={option}
            checked={chosen.includes(option)}
            onChange={({ target: { checked } }) =>
              onChange(field.options.filter((one) => (one === option ? checked : chosen.includes(one))))
            }
          />
        ))}
      </div>
      <Fault text={faults[path]} />
    </Frame>
  )
}

const unset = '(unset)'

function Control(props: { field: ConfigField; value: string; onChange: (value: string) => void }) {
  const { field, value, onChange } = props
  if (field.kind === 'enum')
    return (
      <Select
        label={field.label}
        value={value || (field.required ? null : unset)}
        options={[
          ...(field.required ? [] : [{ value: unset, label: 'not given' }]),
          ...field.options.map((option) => ({ value: option, label: option })),
        ]}
        onChange={(next) => onChange(next === unset ? '' : next)}
      />
    )
  if (field.kind === 'strings' || field.kind === 'json' || field.input === 'lines')
    return (
      <TextArea
        rows={3}
        spellCheck={false}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    )
  const numeric = field.kind === 'number' || field.kind === 'integer'
  return (
    <Input
      type={field.input}
      inputMode={numeric ? 'decimal' : 'text'}
      autoComplete="off"
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  )
}
