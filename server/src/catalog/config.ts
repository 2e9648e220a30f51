import { isDeepStrictEqual } from 'node:util'
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import canonicalize from 'canonicalize'
import type { ReleaseManifest } from '@berth/contracts'
import { sha256 } from '../platform/crypto.ts'
import { Refusal } from '../platform/problem.ts'

type Schema = ReleaseManifest['configSchema']
export type Config = Record<string, unknown>

/**
 * The configuration with the schema's defaults filled in. Throws `invalid_config` with every field at fault; fields
 * that the schema does not name are at fault too, unless it allows them.
 */
export function validateConfig(
  { configSchema }: Pick<ReleaseManifest, 'configSchema'>,
  given: Config,
): Config {
  const config = structuredClone(given)
  const validate = compile(configSchema)
  if (validate(config)) return config
  const faults = distinct((validate.errors ?? []).map((error) => faultOf(error, configSchema)))
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : ''
  throw new Refusal('invalid_config', `${sentenceOf(faults[0]!)}${more}`, {
    errors: faults.map(({ path, message }) => ({
      path: ['config', path].filter(Boolean).join('.'),
      message,
    })),
  })
}

/** Throws an Error that says in plain words why this cannot be the schema of a configuration. */
export function checkConfigSchema(schema: Schema): void {
  if (schema['type'] !== 'object') throw new Error('its "type" must be "object"')
  if (schema['$async'] !== undefined) throw new Error('"$async" is not supported')
  const validate = compile(schema, true)
  validate({})
}

/** The fields that a schema names at its top. */
export function fieldsOf(schema: Schema): string[] {
  const { properties } = schema
  return typeof properties === 'object' && properties !== null ? Object.keys(properties) : []
}

/** The configuration that stands when nothing is given; null when the schema requires something without a default. */
export function defaultConfig(manifest: Pick<ReleaseManifest, 'configSchema'>): Config | null {
  try {
    return validateConfig(manifest, {})
  } catch (error) {
    if (error instanceof Refusal) return null
    throw error
  }
}

/** Names what a valid configuration makes of a release: `default`, or a digest; the same for the same configuration. */
export function profileOf(manifest: Pick<ReleaseManifest, 'configSchema'>, config: Config): string {
  if (isDeepStrictEqual(config, defaultConfig(manifest))) return 'default'
  return sha256(canonicalize(config)!).toString('hex').slice(0, 32)
}

function compile(schema: Schema, check = false): ValidateFunction {
  const options = {
    allErrors: true,
    useDefaults: true,
    strictSchema: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    allowUnionTypes: true,
    validateSchema: check,
    addUsedSchema: false,
    logger: false,
  } as const
  const draft7 = JSON.stringify(schema['$schema'])?.includes('draft-07')
  const ajv = draft7 ? new Ajv(options) : new Ajv2020(options)
  addFormats.default(ajv)
  return ajv.compile(closed(schema))
}

/** A schema that says nothing about further fields means that there are none. */
function closed(schema: Schema): Schema {
  const says = [
    'additionalProperties',
    'unevaluatedProperties',
    'patternProperties',
    '$ref',
    'allOf',
    'anyOf',
    'oneOf',
  ]
  return says.some((keyword) => keyword in schema) ? schema : { ...schema, additionalProperties: false }
}

interface Fault {
  path: string
  message: string
}

function faultOf(error: ErrorObject, schema: Schema): Fault {
  const path = error.instancePath.slice(1).replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~')
  const { params } = error as { params: Record<string, unknown> }
  const inside = (field: unknown) => [path, String(field)].filter(Boolean).join('.')
  switch (error.keyword) {
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const field = params['additionalProperty'] ?? params['unevaluatedProperty']
      const allowed = path ? [] : fieldsOf(schema)
      const known =
        allowed.length > 0 ? `; the fields are ${allowed.join(', ')}` : path ? '' : '; it has no fields'
      return { path: inside(field), message: `is not a field of this configuration${known}` }
    }
    case 'required':
      return { path: inside(params['missingProperty']), message: 'is required' }
    case 'enum':
      return {
        path,
        message: `must be one of ${(params['allowedValues'] as unknown[]).map(show).join(', ')}`,
      }
    case 'const':
      return { path, message: `must be ${show(params['allowedValue'])}` }
    default:
      return { path, message: error.message ?? 'is not valid' }
  }
}

const show = (value: unknown) => JSON.stringify(value)
const sentenceOf = ({ path, message }: Fault) =>
  path ? `${path}: ${message}` : `The configuration ${message}`

function distinct(faults: Fault[]): Fault[] {
  return [...new Map(faults.map((fault) => [`${fault.path} ${fault.message}`, fault])).values()]
}
