import { Select } from './Select.tsx'
import type { Option } from './selectFace.tsx'

const any = '(any)'

/** A choice above a list: one of several values, or any of them. */
export function FilterSelect<V extends string>(props: {
  label: string
  options: readonly Option<V>[]
  /** Undefined: any. */
  value: V | undefined
  onChange: (value: V | undefined) => void
  anyWord?: string
}) {
  const { label, options, value, onChange, anyWord = 'any' } = props
  return (
    <Select<string>
      compact
      label={label}
      prefix={label}
      options={[{ value: any, label: anyWord }, ...options]}
      value={value ?? any}
      onChange={(chosen) => onChange(chosen === any ? undefined : (chosen as V))}
    />
  )
}
