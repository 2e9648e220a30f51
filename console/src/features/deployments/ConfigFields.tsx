import { Checkbox, Field, Input, TextArea } from '../../ui/Field.tsx'
import { Select } from '../../ui/Select.tsx'
import type { ConfigField, ConfigValues } from './schemaFields.ts'

export interface ConfigFieldsProps {
  fields: ConfigField[]
  values: ConfigValues
  faults: Record<string, string>
  onChange: (name: string, value: string | boolean) => void
}

/** A form for a configuration, one control for each property. */
export function ConfigFields({ fields, values, faults, onChange }: ConfigFieldsProps) {
  return fields.map((field) => {
    const value = values[field.name]
    const change = (next: string | boolean) => onChange(field.name, next)
    if (field.kind === 'boolean')
      return (
        <div key={field.name}>
          <Checkbox
            label={field.label}
            hint={field.description}
            checked={value === true}
            onChange={(event) => change(event.target.checked)}
          />
          {faults[field.name] && <p className="text-xs font-[550] text-bad">{faults[field.name]}</p>}
        </div>
      )
    return (
      <Field
        key={field.name}
        label={field.label}
        optional={!field.required}
        error={faults[field.name]}
        hint={[field.description, formats[field.kind]].filter(Boolean).join(' ')}
      >
        <Control field={field} value={typeof value === 'string' ? value : ''} onChange={change} />
      </Field>
    )
  })
}

const formats: Partial<Record<ConfigField['kind'], string>> = { strings: 'One a line.', json: 'As JSON.' }

function Control(props: { field: ConfigField; value: string; onChange: (value: string) => void }) {
  const { field, value, onChange } = props
  if (field.kind === 'enum')
    return (
      <Select
        label={field.label}
        value={value || null}
        options={field.options.map((option) => ({ value: option, label: option }))}
        onChange={onChange}
      />
    )
  if (field.kind === 'strings' || field.kind === 'json')
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
      inputMode={numeric ? 'decimal' : 'text'}
      autoComplete="off"
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  )
}
