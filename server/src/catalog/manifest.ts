import type { Artifact, ReleaseManifest } from '@berth/contracts'
import { Refusal } from '../platform/problem.ts'
import { checkConfigSchema, fieldsOf, type Config } from './config.ts'

/** What a process or a remote server is started or called with. */
export interface Filled {
  args: string[]
  env: Record<string, string>
  headers: Record<string, string>
}

const placeholder = /\{([A-Za-z_][A-Za-z0-9_-]*)\}/g

/** Headers that the gateway sets itself for every request. */
const ownHeaders = new Set([
  'accept',
  'connection',
  'content-length',
  'content-type',
  'host',
  'last-event-id',
  'mcp-protocol-version',
  'mcp-session-id',
  'transfer-encoding',
])

/**
 * Fills a manifest's arguments, environment and headers from a valid configuration and the values of its secrets (by the
 * release's names for them). An argument with an array stands once for each item; what names an absent field is left
 * out. Throws `invalid_config` for a missing secret or a value that cannot stand in its place.
 */
export function fillManifest(
  manifest: Pick<ReleaseManifest, 'args' | 'env' | 'headers' | 'secrets'>,
  config: Config,
  secretValues: Record<string, string>,
): Filled {
  const missing = manifest.secrets.filter(
    (secret) => secret.required && secretValues[secret.name] === undefined,
  )
  if (missing.length > 0) throw missingSecrets(missing.map((secret) => secret.name))
  const values: Config = { ...config, ...secretValues }
  const args = manifest.args.flatMap((template) => fillArgument(template, config))
  const env = fillAll(manifest.env, values)
  const headers = fillAll(manifest.headers, values)
  const templates = [...Object.values(manifest.env), ...Object.values(manifest.headers)]
  const placed = new Set(templates.flatMap(namesIn))
  for (const secret of manifest.secrets) {
    const value = secretValues[secret.name]
    if (value === undefined || placed.has(secret.name)) continue
    if (secret.in === 'header') headers[secret.name] = value
    else env[secret.name] = value
  }
  refuseUnfit(args, env, headers)
  return { args, env, headers }
}

function missingSecrets(names: string[]): Refusal {
  return new Refusal(
    'invalid_config',
    `The server needs the secret${names.length > 1 ? 's' : ''} ${names.join(', ')}; name for each a secret of the workspace.`,
    { errors: names.map((name) => ({ path: `secrets.${name}`, message: 'is required' })) },
  )
}

function fillArgument(template: string, config: Config): string[] {
  const list = namesIn(template).find((name) => Array.isArray(config[name]))
  if (list !== undefined) {
    return (config[list] as unknown[]).flatMap((item) => fillArgument(template, { ...config, [list]: item }))
  }
  const filled = fill(template, config)
  return filled === null ? [] : [filled]
}

function fillAll(templates: Record<string, string>, values: Config): Record<string, string> {
  return Object.fromEntries(
    Object.entries(templates).flatMap(([name, template]) => {
      const filled = fill(template, values)
      return filled === null ? [] : [[name, filled]]
    }),
  )
}

/** Null: it names something that is not given. */
function fill(template: string, values: Config): string | null {
  if (namesIn(template).some((name) => values[name] === undefined || values[name] === null)) return null
  return template.replaceAll(placeholder, (_, name: string) => textOf(values[name]))
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  return Array.isArray(value) ? value.map(textOf).join(',') : JSON.stringify(value)
}

const namesIn = (template: string): string[] => [...template.matchAll(placeholder)].map((match) => match[1]!)

function refuseUnfit(args: string[], env: Record<string, string>, headers: Record<string, string>): void {
  const wrongHeader = Object.keys(headers).find((name) => !isHeaderValue(headers[name]!))
  const reason =
    args.some((arg) => arg.includes('\0')) || Object.values(env).some((value) => value.includes('\0'))
      ? 'An argument or environment variable would hold a NUL character.'
      : wrongHeader && `The header "${wrongHeader}" would hold characters that no header may have.`
  if (reason) throw new Refusal('invalid_config', reason)
}

const isHeaderValue = (value: string) => /^[\t\x20-\x7e\x80-\xff]*$/.test(value)

/** Refuses a manifest that could not work with its artifact. Throws `invalid_input` naming the part at fault. */
export function checkManifest(manifest: ReleaseManifest, kind: Artifact['kind']): void {
  checkSchema(manifest)
  checkSecrets(manifest, kind)
  checkPlaceholders(manifest)
  if (kind === 'remote') {
    if (manifest.args.length > 0) refuse('args', 'a remote server takes no arguments; use headers')
    if (Object.keys(manifest.env).length > 0) refuse('env', 'a remote server has no environment; use headers')
    if (manifest.egress.length > 0) refuse('egress', 'a remote server runs elsewhere; leave this empty')
  } else if (Object.keys(manifest.headers).length > 0) {
    refuse('headers', 'only a remote server is sent headers; use env or args')
  }
  for (const [name, value] of Object.entries(manifest.headers)) checkHeader('headers', name, value)
}

function checkSchema({ configSchema }: ReleaseManifest): void {
  try {
    checkConfigSchema(configSchema)
  } catch (error) {
    refuse('configSchema', `it is not a usable JSON Schema: ${(error as Error).message}`)
  }
}

function checkSecrets({ secrets, configSchema }: ReleaseManifest, kind: Artifact['kind']): void {
  const fields = fieldsOf(configSchema)
  const names = secrets.map((secret) => secret.name)
  for (const [index, secret] of secrets.entries()) {
    const place = `secrets.${index}`
    if (names.indexOf(secret.name) !== index) refuse(place, `there are two secrets "${secret.name}"`)
    if (fields.includes(secret.name)) {
      refuse(place, `"${secret.name}" is a field of the configuration too; name one of them otherwise`)
    }
    const expected = kind === 'remote' ? 'header' : 'env'
    if (secret.in !== expected) {
      refuse(
        place,
        `a ${kind} server takes its secrets ${expected === 'env' ? 'from the environment' : 'as headers'}; say in: "${expected}"`,
      )
    }
    if (secret.in === 'header') checkHeader(place, secret.name, '')
    else if (secret.name.includes('-'))
      refuse(place, `"${secret.name}" is not a name for an environment variable`)
  }
}

function checkPlaceholders(manifest: ReleaseManifest): void {
  const fields = fieldsOf(manifest.configSchema)
  const secrets = new Set(manifest.secrets.map((secret) => secret.name))
  for (const name of manifest.args.flatMap(namesIn)) {
    if (secrets.has(name)) {
      refuse('args', `{${name}} is a secret, and every process of a machine can read arguments; use env`)
    }
  }
  const templates: ['args' | 'env' | 'headers', string[]][] = [
    ['args', manifest.args],
    ['env', Object.values(manifest.env)],
    ['headers', Object.values(manifest.headers)],
  ]
  for (const [part, texts] of templates) {
    const unknown = texts.flatMap(namesIn).find((name) => !fields.includes(name) && !secrets.has(name))
    if (unknown === undefined) continue
    const known = fields.length > 0 ? `its fields are ${fields.join(', ')}` : 'it has none'
    refuse(part, `{${unknown}} names no field of the configuration; ${known}`)
  }
}

function checkHeader(part: string, name: string, value: string): void {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) refuse(part, `"${name}" is not a name for a header`)
  if (ownHeaders.has(name.toLowerCase())) refuse(part, `the header "${name}" is set by Berth itself`)
  if (!isHeaderValue(value)) refuse(part, `the header "${name}" holds characters that no header may have`)
}

function refuse(part: string, fault: string): never {
  const path = `manifest.${part}`
  throw new Refusal('invalid_input', `${path}: ${fault}.`, { errors: [{ path, message: fault }] })
}
