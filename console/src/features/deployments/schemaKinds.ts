import type { ConfigField } from './schemaFields.ts'

export type Schema = Record<string, unknown>

/**
 * A schema with what it refers to within its root put in its place: `$ref`, one `allOf`, and a choice between a thing
 * and null, which is the thing that may be left out.
 */
export function mergedOf(schema: Schema, root: Schema, steps = 0): Schema {
  const { $ref, allOf, anyOf, oneOf, ...own } = schema
  if (steps > 10) return own
  if (typeof $ref === 'string') return mergedOf({ ...find($ref, root), ...own }, root, steps + 1)
  if (Array.isArray(allOf) && allOf.length === 1 && isRecord(allOf[0]))
    return mergedOf({ ...allOf[0], ...own }, root, steps + 1)
  const ways = [anyOf, oneOf].find((one) => Array.isArray(one)) as unknown[] | undefined
  const real = ways?.filter((one) => !(isRecord(one) && one.type === 'null'))
  if (real?.length === 1 && isRecord(real[0])) return mergedOf({ ...real[0], ...own }, root, steps + 1)
  return schema
}

/** What a local reference points at; nothing when it points elsewhere. */
function find(ref: string, root: Schema): Schema {
  if (!ref.startsWith('#/')) return {}
  const steps = ref.slice(2).split('/')
  const found = steps.reduce<unknown>(
    (at, step) => (isRecord(at) ? at[step.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined),
    root,
  )
  return isRecord(found) ? found : {}
}

interface Kind {
  kind: ConfigField['kind']
  values: unknown[]
  labels: string[]
}

const plain = ['string', 'number', 'integer'] as const

/** Which control a schema gets; `shallow`: nothing that holds others. */
export function kindOf(schema: Schema, root: Schema, required: boolean, shallow: boolean): Kind {
  const choices = choicesOf(schema)
  if (choices) return { kind: 'enum', ...choices }
  const types = Array.isArray(schema.type) ? schema.type.filter((one) => one !== 'null') : [schema.type]
  const type = types.length === 1 ? types[0] : undefined
  const none = { values: [], labels: [] }
  const known = plain.find((one) => one === type)
  if (known) return { kind: known, ...none }
  if (type === 'boolean') {
    // Whether to say no or nothing may matter: an optional one without a default can be left unsaid.
    if (required || typeof schema.default === 'boolean') return { kind: 'boolean', ...none }
    return { kind: 'enum', values: [true, false], labels: ['yes', 'no'] }
  }
  if (type === 'array') return arrayKind(schema, root, shallow)
  const properties = isRecord(schema.properties) ? Object.keys(schema.properties) : []
  if (!shallow && properties.length > 0 && (type === 'object' || type === undefined))
    return { kind: 'object', ...none }
  return { kind: 'json', ...none }
}

function arrayKind({ items }: Schema, root: Schema, shallow: boolean): Kind {
  const none = { values: [], labels: [] }
  if (!isRecord(items)) return { kind: 'json', ...none }
  const item = mergedOf(items, root)
  const choices = choicesOf(item)
  if (choices) return { kind: 'choices', ...choices }
  if (item.type === 'string') return { kind: 'strings', ...none }
  const inner = kindOf(item, root, true, shallow)
  return { kind: inner.kind === 'json' || shallow ? 'json' : 'list', ...none }
}

/** The values that may be chosen: an `enum`, a `const`, or a choice between constants that have titles. */
function choicesOf({ enum: listed, const: only, oneOf, anyOf, type }: Schema): Omit<Kind, 'kind'> | null {
  const labelOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))
  if (Array.isArray(listed) && listed.length > 0) return { values: listed, labels: listed.map(labelOf) }
  if (only !== undefined) return { values: [only], labels: [labelOf(only)] }
  const ways = [oneOf, anyOf].find((one) => Array.isArray(one)) as unknown[] | undefined
  if (!ways || ways.length === 0 || type === 'object') return null
  const constants = ways.filter((one): one is Schema => isRecord(one) && one.const !== undefined)
  if (constants.length < ways.length) return null
  return {
    values: constants.map((one) => one.const),
    labels: constants.map((one) => (typeof one.title === 'string' ? one.title : labelOf(one.const))),
  }
}

function isRecord(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
