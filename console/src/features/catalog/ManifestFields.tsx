import { isolation } from '@berth/contracts'
import { Plus, Trash2 } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button, IconButton } from '../../ui/Button.tsx'
import { Checkbox, Field, Input, TextArea } from '../../ui/Field.tsx'
import { Select } from '../../ui/Select.tsx'
import { type AddForm, faultAt, type Pair, type SecretRow } from './addForm.ts'
import { SchemaPreview } from './SchemaPreview.tsx'

export interface ManifestFieldsProps {
  form: AddForm
  faults: Record<string, string>
  onChange: (change: Partial<AddForm>) => void
}

const isolations: Record<AddForm['isolation'], { label: string; hint: string }> = {
  principal: { label: 'A process per person or token', hint: 'The usual one: nobody sees what others do' },
  session: { label: 'A process per session', hint: 'For servers that remember nothing between sessions' },
  shared: { label: 'One process for all', hint: 'Only for servers that keep their callers apart' },
}

/** How a release runs and what it needs: everything of its manifest that few servers ask for. */
export function ManifestFields({ form, faults, onChange }: ManifestFieldsProps) {
  const elsewhere = form.kind === 'remote'
  return (
    <>
      <Field
        label="Schema of its configuration"
        optional
        error={faultAt(faults, 'configSchema')}
        hint="A JSON Schema. Arguments, environment and headers name its properties in braces, such as {city}."
      >
        <TextArea
          rows={5}
          spellCheck={false}
          placeholder='{ "type": "object", "properties": { "city": { "type": "string" } } }'
          value={form.configSchema}
          onChange={(event) => onChange({ configSchema: event.target.value })}
        />
      </Field>
      <SchemaPreview text={form.configSchema} />
      <Secrets
        rows={form.secrets}
        faults={faults}
        elsewhere={elsewhere}
        onChange={(secrets) => onChange({ secrets })}
      />
      {elsewhere ? (
        <Pairs
          title="Headers"
          hint="Sent with every request to it. Values that nobody may read belong to the secrets."
          of="header"
          rows={form.headers}
          fault={faultAt(faults, 'headers')}
          onChange={(headers) => onChange({ headers })}
        />
      ) : (
        <Pairs
          title="Environment"
          hint="Its processes see these variables and no others. Values that nobody may read belong to the secrets."
          of="variable"
          rows={form.env}
          fault={faultAt(faults, 'env')}
          onChange={(env) => onChange({ env })}
        />
      )}
      <Field label="Isolation" error={faults.isolation}>
        <Select
          label="Isolation"
          value={form.isolation}
          options={isolation.options.map((value) => ({ value, ...isolations[value] }))}
          onChange={(value) => onChange({ isolation: value })}
        />
      </Field>
      <Field label="Title" optional error={faults.title} hint="Empty: derived from where it comes from.">
        <Input
          autoComplete="off"
          value={form.title}
          onChange={(event) => onChange({ title: event.target.value })}
        />
      </Field>
      <Field label="Description" optional error={faults.description}>
        <TextArea
          rows={2}
          value={form.description}
          onChange={(event) => onChange({ description: event.target.value })}
        />
      </Field>
    </>
  )
}

/** A frame around rows that come and go. */
function Rows(props: {
  title: string
  hint: string
  fault?: string | undefined
  add: string
  onAdd: () => void
  children: ReactNode
}) {
  return (
    <fieldset className="flex min-w-0 flex-col gap-2 rounded-lg border border-line px-3 pt-1 pb-3">
      <legend className="px-1 text-xs font-[550]">
        {props.title} <span className="font-normal text-ink-3">optional</span>
      </legend>
      <p className="-mt-0.5 text-xs text-ink-3">{props.hint}</p>
      {props.children}
      {props.fault && (
        <p role="alert" className="text-xs font-[550] text-bad">
          {props.fault}
        </p>
      )}
      <Button className="self-start" icon={<Plus aria-hidden className="size-3.5" />} onClick={props.onAdd}>
        {props.add}
      </Button>
    </fieldset>
  )
}

function Remove({ what, onClick }: { what: string; onClick: () => void }) {
  return (
    <IconButton label={`Remove ${what}`} onClick={onClick}>
      <Trash2 aria-hidden className="size-3.5" />
    </IconButton>
  )
}

function Pairs(props: {
  title: string
  hint: string
  of: string
  rows: Pair[]
  fault: string | undefined
  onChange: (rows: Pair[]) => void
}) {
  const { title, hint, of, rows, fault, onChange } = props
  return (
    <Rows
      title={title}
      hint={hint}
      fault={fault}
      add={`Add a ${of}`}
      onAdd={() => onChange([...rows, { name: '', value: '' }])}
    >
      {rows.map((row, at) => (
        // Rows have no names of their own yet: their place is who they are.
        // oxlint-disable-next-line react/no-array-index-key
        <div key={at} className="grid grid-cols-[2fr_3fr_auto] gap-1.5">
          <Input
            aria-label={`Name of ${of} ${at + 1}`}
            placeholder="Name"
            autoComplete="off"
            className="font-mono"
            value={row.name}
            onChange={(event) => onChange(rows.with(at, { ...row, name: event.target.value }))}
          />
          <Input
            aria-label={`Value of ${of} ${at + 1}`}
            placeholder="Value, or {property}"
            autoComplete="off"
            className="font-mono"
            value={row.value}
            onChange={(event) => onChange(rows.with(at, { ...row, value: event.target.value }))}
          />
          <Remove what={`${of} ${at + 1}`} onClick={() => onChange(rows.toSpliced(at, 1))} />
        </div>
      ))}
    </Rows>
  )
}

function Secrets(props: {
  rows: SecretRow[]
  faults: Record<string, string>
  elsewhere: boolean
  onChange: (rows: SecretRow[]) => void
}) {
  const { rows, faults, elsewhere, onChange } = props
  const place = elsewhere ? 'header' : 'environment variable'
  return (
    <Rows
      title="Secrets"
      hint={`Whoever launches it binds each to a secret of the workspace; it gets the value as the ${place} of that name.`}
      fault={faults.secrets}
      add="Add a secret"
      onAdd={() => onChange([...rows, { name: '', description: '', required: true }])}
    >
      {rows.map((row, at) => (
        // oxlint-disable-next-line react/no-array-index-key
        <div key={at} className="flex items-start gap-1.5">
          <div className="grid min-w-0 flex-1 gap-1.5 sm:grid-cols-[2fr_3fr]">
            <Field label={`Secret ${at + 1}`} error={faultAt(faults, `secrets.${at}`)}>
              <Input
                placeholder={elsewhere ? 'Authorization' : 'API_KEY'}
                autoComplete="off"
                className="font-mono"
                value={row.name}
                onChange={(event) => onChange(rows.with(at, { ...row, name: event.target.value }))}
              />
            </Field>
            <Field label="What it is, and where to get one" optional>
              <Input
                autoComplete="off"
                value={row.description}
                onChange={(event) => onChange(rows.with(at, { ...row, description: event.target.value }))}
              />
            </Field>
            <Checkbox
              label="It does not start without it"
              checked={row.required}
              onChange={(event) => onChange(rows.with(at, { ...row, required: event.target.checked }))}
            />
          </div>
          <span className="mt-[22px]">
            <Remove what={`secret ${at + 1}`} onClick={() => onChange(rows.toSpliced(at, 1))} />
          </span>
        </div>
      ))}
    </Rows>
  )
}
