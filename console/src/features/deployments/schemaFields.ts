import { kindOf, mergedOf, type Schema } from './schemaKinds.ts'

/** One property of a configuration, or one argument of a tool, as a control of a form. */
export interface ConfigField {
  name: string
  label: string
  description: string
  /** `strings` are typed one a line; `choices` are any of several; an `object` has `fields`, a `list` repeats `item`. */
  kind:
    | 'string'
    | 'number'
    | 'integer'
    | 'boolean'
    | 'enum'
    | 'strings'
    | 'choices'
    | 'object'
    | 'list'
    | 'json'
  required: boolean
  /** For `enum` and `choices`: what may be chosen, as it is shown; `values` at the same index is what is sent. */
  options: string[]
  values: unknown[]
  fields: ConfigField[]
  item: ConfigField | null
  /** How a text is typed: several lines, hidden, or as a date. */
  input: 'text' | 'lines' | 'password' | 'date'
  /** What a text has to look like, in words; empty when anything goes. */
  form: string
  /** The least and most of a number, of a text's length or of a list's. */
  least: number | null
  most: number | null
  initial: FormValue
}

/** What a form holds: text as it was typed, ticks, and forms within. */
export type FormValue = string | boolean | FormValue[] | ConfigValues
export interface ConfigValues {
  [name: string]: FormValue
}

/** The controls for a JSON Schema's properties; null when only raw JSON can express it. */
export function fieldsOf(schema: Record<string, unknown>): ConfigField[] | null {
  const root = mergedOf(schema, schema)
  if (root.type !== undefined && root.type !== 'object') return null
  const known = isRecord(root.properties) ? Object.keys(root.properties) : []
  const closed = root.additionalProperties === false || known.length > 0
  return closed ? propertiesOf(root, schema, 0) : null
}

const deepest = 5

function propertiesOf(schema: Schema, root: Schema, depth: number): ConfigField[] {
  const needed = Array.isArray(schema.required) ? schema.required : []
  const known = isRecord(schema.properties) ? Object.entries(schema.properties) : []
  return known.map(([name, property]) =>
    fieldOf(name, isRecord(property) ? property : {}, needed.includes(name), root, depth),
  )
}

function fieldOf(name: string, given: Schema, required: boolean, root: Schema, depth: number): ConfigField {
  const schema = mergedOf(given, root)
  const { kind, values, labels } = kindOf(schema, root, required, depth >= deepest)
  const text = (value: unknown) => (typeof value === 'string' ? value : '')
  const field: ConfigField = {
    name,
    label: text(schema.title) || name,
    description: text(schema.description),
    kind,
    required,
    values,
    options: labels,
    fields: kind === 'object' ? propertiesOf(schema, root, depth + 1) : [],
    item: kind === 'list' ? fieldOf('', itemsOf(schema), true, root, depth + 1) : null,
    input: inputOf(name, schema),
    form: formOf(schema),
    least: boundOf(schema.minimum, schema.minLength, schema.minItems),
    most: boundOf(schema.maximum, schema.maxLength, schema.maxItems),
    initial: '',
  }
  field.initial = schema.default === undefined ? emptyOf(field) : valueFor(field, schema.default)
  return field
}

const itemsOf = ({ items }: Schema): Schema => (isRecord(items) ? items : {})

function boundOf(...given: unknown[]): number | null {
  return given.find((one): one is number => typeof one === 'number') ?? null
}

const longNames = /^(text|content|body|code|prompt|html|markdown|script|sql|query)$/i

function inputOf(name: string, { format, writeOnly, contentMediaType }: Schema): ConfigField['input'] {
  if (format === 'password' || writeOnly === true) return 'password'
  if (format === 'date') return 'date'
  const long = contentMediaType !== undefined || format === 'multiline' || longNames.test(name)
  return long && format === undefined ? 'lines' : 'text'
}

const forms: Record<string, string> = {
  'date-time': 'A time such as 2030-01-31T09:00:00Z.',
  date: 'A day such as 2030-01-31.',
  time: 'A time of day such as 09:00:00Z.',
  email: 'An e-mail address.',
  uri: 'A URL.',
  uuid: 'A UUID.',
}

/** Only told, never tried: the server judges it, and whose pattern it is may have made it take forever. */
function formOf({ type, format, pattern }: Schema): string {
  if (type !== 'string') return ''
  const told = typeof format === 'string' ? (forms[format] ?? '') : ''
  return typeof pattern === 'string' ? `${told} Matches ${pattern}`.trim() : told
}

/** What a control starts with when nothing is said. */
export function emptyOf(field: ConfigField): FormValue {
  if (field.kind === 'boolean') return false
  if (field.kind === 'choices') return []
  if (field.kind === 'list') return []
  if (field.kind === 'object') return initialValues(field.fields)
  // What can be only one thing, and must be there, is that thing.
  return field.kind === 'enum' && field.required && field.options.length === 1 ? field.options[0]! : ''
}

/** What a form starts with: the schema's defaults. */
export function initialValues(fields: ConfigField[]): ConfigValues {
  return Object.fromEntries(fields.map(({ name, initial }) => [name, initial]))
}

/** A form that holds a configuration; what the configuration does not say is left empty. */
export function valuesFrom(fields: ConfigField[], config: Record<string, unknown>): ConfigValues {
  return Object.fromEntries(
    fields.map((field) => {
      const value = config[field.name]
      return [field.name, value === undefined ? emptyOf(field) : valueFor(field, value)]
    }),
  )
}

function valueFor(field: ConfigField, value: unknown): FormValue {
  const json = () => JSON.stringify(value, null, 2)
  switch (field.kind) {
    case 'boolean':
      return value === true
    case 'enum':
      return optionOf(field, value) ?? ''
    case 'choices':
      return Array.isArray(value) ? value.flatMap((one) => optionOf(field, one) ?? []) : []
    case 'strings':
      return Array.isArray(value) ? value.join('\n') : ''
    case 'list':
      return Array.isArray(value) ? value.map((one) => valueFor(field.item!, one)) : []
    case 'object':
      return valuesFrom(field.fields, isRecord(value) ? value : {})
    case 'json':
      return json()
    default:
      return typeof value === 'string' ? value : json()
  }
}

function optionOf({ options, values }: ConfigField, value: unknown): string | undefined {
  const text = JSON.stringify(value)
  return options[values.findIndex((one) => JSON.stringify(one) === text)]
}

export interface Read {
  config: Record<string, unknown>
  /** What is wrong, by the path of its field: `place.city`, `stops.0.name`. */
  faults: Record<string, string>
}

/** The configuration that the values mean, and what is wrong with which. Empty optional ones are left out. */
export function configOf(fields: ConfigField[], values: ConfigValues): Read {
  const config: Record<string, unknown> = {}
  const faults: Record<string, string> = {}
  for (const field of fields) {
    const value = values[field.name] ?? emptyOf(field)
    if (isEmpty(field, value)) {
      if (field.required) {
        if (field.kind === 'object')
          Object.assign(config, { [field.name]: read(field, value, field.name, faults) })
        else if (field.kind === 'choices' || field.kind === 'list') config[field.name] = []
        else faults[field.name] = `${field.label} is needed.`
      }
    } else {
      const found = read(field, value, field.name, faults)
      if (found !== undefined) config[field.name] = found
    }
  }
  return { config, faults }
}

/** Whether nothing was said; a tick is always something. */
function isEmpty(field: ConfigField, value: FormValue): boolean {
  if (typeof value === 'boolean') return false
  if (typeof value === 'string') return value.trim() === ''
  if (Array.isArray(value)) return value.length === 0
  // Ticks that nobody touched do not make an optional object one that is wanted.
  return field.fields.every((one) => {
    const inner = value[one.name] ?? emptyOf(one)
    return typeof inner === 'boolean' ? inner === one.initial : isEmpty(one, inner)
  })
}

/** One value as it is sent; undefined, with its fault told, when it is none. */
function read(field: ConfigField, value: FormValue, path: string, faults: Record<string, string>): unknown {
  if (field.kind === 'object') {
    const inner = configOf(field.fields, isRecord(value) ? value : {})
    for (const [name, fault] of Object.entries(inner.faults)) faults[`${path}.${name}`] = fault
    return inner.config
  }
  if (field.kind === 'list' && Array.isArray(value))
    return value.map((one, at) => readItem(field, one, at, path, faults))
  if (field.kind === 'choices' && Array.isArray(value))
    return value.map((one) => field.values[field.options.findIndex((option) => option === one)])
  if (typeof value !== 'string') return value
  const { value: found, fault } = textValue(field, value)
  if (fault !== undefined) faults[path] = fault
  return found
}

function readItem(
  list: ConfigField,
  value: FormValue,
  at: number,
  path: string,
  faults: Record<string, string>,
): unknown {
  const item = { ...list.item!, label: `${list.label} ${at + 1}` }
  if (item.kind === 'object' || !isEmpty(item, value)) return read(item, value, `${path}.${at}`, faults)
  faults[`${path}.${at}`] = `${item.label} is needed.`
  return undefined
}

function textValue(field: ConfigField, text: string): { value?: unknown; fault?: string } {
  const { kind, label, least, most } = field
  if (kind === 'json') return readJson(text)
  if (kind === 'enum') return { value: field.values[field.options.indexOf(text)] }
  if (kind === 'strings') {
    const lines = text.split('\n').map((line) => line.trim())
    return { value: lines.filter(Boolean) }
  }
  if (kind === 'string') {
    if (least !== null && text.length < least)
      return { fault: `${label} needs at least ${least} characters.` }
    if (most !== null && text.length > most) return { fault: `${label} may have at most ${most} characters.` }
    return { value: text }
  }
  const number = Number(text)
  if (!Number.isFinite(number)) return { fault: `${label} must be a number.` }
  if (kind === 'integer' && !Number.isInteger(number)) return { fault: `${label} must be a whole number.` }
  // JSON's numbers are read as JavaScript reads them: another number would be sent than the one that was typed.
  if (kind === 'integer' && !Number.isSafeInteger(number))
    return {
      fault: `${label} has more digits than can be sent exactly; the largest is ${Number.MAX_SAFE_INTEGER}.`,
    }
  if (least !== null && number < least) return { fault: `${label} must be ${least} or more.` }
  if (most !== null && number > most) return { fault: `${label} must be ${most} or less.` }
  return { value: number }
}

/** JSON as a person typed it, or what is wrong with it. */
export function readJson(text: string): { value?: unknown; fault?: string } {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch (error) {
    return { fault: `This is not JSON: ${(error as Error).message}.` }
  }
}

/** A JSON object as a person typed it; what is wrong with it stands under `config`. */
export function readObject(text: string): Read {
  const { value, fault } = readJson(text)
  if (fault !== undefined) return { config: {}, faults: { config: fault } }
  if (isRecord(value)) return { config: value, faults: {} }
  return { config: {}, faults: { config: 'It must be a JSON object: { … }.' } }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
