/** One property of a configuration as a control of a form. */
export interface ConfigField {
  name: string
  label: string
  description: string
  kind: 'string' | 'number' | 'integer' | 'boolean' | 'enum' | 'strings' | 'json'
  required: boolean
  /** For `enum`: what may be chosen, as it is shown; `values` at the same index is what is sent. */
  options: string[]
  values: unknown[]
  initial: string | boolean
}

export type ConfigValues = Record<string, string | boolean>

interface Schema {
  type?: unknown
  title?: unknown
  description?: unknown
  default?: unknown
  enum?: unknown
  const?: unknown
  items?: unknown
  properties?: unknown
  required?: unknown
  additionalProperties?: unknown
}

/** The controls for a JSON Schema's properties; null when only raw JSON can express it. */
export function fieldsOf(schema: Record<string, unknown>): ConfigField[] | null {
  const { type, properties, required, additionalProperties } = schema as Schema
  if (type !== undefined && type !== 'object') return null
  const known = isRecord(properties) ? Object.entries(properties) : []
  const closed = additionalProperties === false || known.length > 0
  if (!closed) return null
  const needed = Array.isArray(required) ? required : []
  return known.map(([name, property]) =>
    fieldOf(name, isRecord(property) ? property : {}, needed.includes(name)),
  )
}

function fieldOf(name: string, property: Schema, required: boolean): ConfigField {
  const kind = kindOf(property)
  const values = kind === 'enum' ? (property.enum as unknown[]) : []
  return {
    name,
    label: typeof property.title === 'string' ? property.title : name,
    description: typeof property.description === 'string' ? property.description : '',
    kind,
    required,
    values,
    options: values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))),
    initial: initialOf(kind, property.default),
  }
}

function kindOf({ type, enum: choices, items }: Schema): ConfigField['kind'] {
  if (Array.isArray(choices) && choices.length > 0) return 'enum'
  if (type === 'string' || type === 'number' || type === 'integer' || type === 'boolean') return type
  if (type === 'array' && isRecord(items) && items.type === 'string' && !items.enum) return 'strings'
  return 'json'
}

function initialOf(kind: ConfigField['kind'], value: unknown): string | boolean {
  if (kind === 'boolean') return value === true
  if (value === undefined) return ''
  if (kind === 'strings' && Array.isArray(value)) return value.join('\n')
  if (kind === 'json') return JSON.stringify(value, null, 2)
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** What a form starts with: the schema's defaults. */
export function initialValues(fields: ConfigField[]): ConfigValues {
  return Object.fromEntries(fields.map(({ name, initial }) => [name, initial]))
}

/** The configuration that the values mean, and what is wrong with which, by field name. Empty optional ones are left out. */
export function configOf(
  fields: ConfigField[],
  values: ConfigValues,
): { config: Record<string, unknown>; faults: Record<string, string> } {
  const config: Record<string, unknown> = {}
  const faults: Record<string, string> = {}
  for (const field of fields) {
    const value = values[field.name]
    if (typeof value === 'boolean') config[field.name] = value
    else if (!value?.trim()) {
      if (field.required) faults[field.name] = `${field.label} is needed.`
    } else {
      const read = valueOf(field, value)
      if (read.fault === undefined) config[field.name] = read.value
      else faults[field.name] = read.fault
    }
  }
  return { config, faults }
}

function valueOf(field: ConfigField, text: string): { value?: unknown; fault?: string } {
  switch (field.kind) {
    case 'number':
    case 'integer': {
      const number = Number(text)
      if (!Number.isFinite(number)) return { fault: `${field.label} must be a number.` }
      if (field.kind === 'integer' && !Number.isInteger(number))
        return { fault: `${field.label} must be a whole number.` }
      return { value: number }
    }
    case 'enum':
      return { value: field.values[field.options.indexOf(text)] }
    case 'strings':
      return {
        value: text
          .split('\n')
          .map((line) => line.trim())
          .filter(Boolean),
      }
    case 'json':
      return readJson(text)
    default:
      return { value: text }
  }
}

/** JSON as a person typed it, or what is wrong with it. */
export function readJson(text: string): { value?: unknown; fault?: string } {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch (error) {
    return { fault: `This is not JSON: ${(error as Error).message}.` }
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
