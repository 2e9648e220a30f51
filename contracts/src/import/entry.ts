import type { z } from 'zod'
import type { addServerBody } from '../catalog.ts'
import { toSlug } from '../ids.ts'
import { looksSecret } from './secret.ts'

export type PlannedArtifact = z.input<typeof addServerBody>['artifact']

/** A secret of an entry: what the server calls it, what the workspace will, and its value, which is never shown. */
export interface PlannedSecret {
  name: string
  in: 'env' | 'header'
  workspaceName: string
  value: string
  /** References in the value, such as `${input:token}`, to what the file does not hold. */
  asks: string[]
}

/** What an entry of the file becomes. */
export interface Plan {
  /** Its name in the file, and the deployment's. */
  entry: string
  deployment: string
  artifact: PlannedArtifact
  args: string[]
  env: Record<string, string>
  headers: Record<string, string>
  secrets: PlannedSecret[]
}

/** Why an entry cannot be imported, as a sentence about it. */
export class NotImportable extends Error {
  override readonly name = 'NotImportable'
}

/** What only the place where a file is read can know. */
export interface Surroundings {
  /** The folder to take for a script, which may be relative to `cwd`; throws NotImportable where there is none. */
  scriptAt: (script: string, cwd: string | undefined) => { folder: string; script: string }
}

/** What an entry becomes. Throws NotImportable with the reason where it cannot become anything. */
export function planOf(entry: string, given: unknown, around: Surroundings): Plan {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new NotImportable('it is not an object.')
  }
  const fields = given as Record<string, unknown>
  if (fields['disabled'] === true) throw new NotImportable('it is disabled in the file.')
  if (fields['envFile'] !== undefined) {
    throw new NotImportable(
      'it takes its environment from another file (envFile); write the values into env.',
    )
  }
  const url = fields['url'] ?? fields['serverUrl'] ?? fields['httpUrl']
  const source =
    url === undefined
      ? fromCommand(fields, around)
      : fromUrl(url, textsOf(fields['headers'], 'headers'), fields)
  const { artifact, args, env, headers } = source
  const deployment = toSlug(entry) || nameOf(artifact)
  const environment = part(deployment, env, 'env')
  const requested = part(deployment, headers, 'header')
  for (const arg of args) refuseUnfit(arg, 'An argument')
  if (args.some((arg) => looksSecret('', valuePart(arg)) || secretFlag.test(arg))) {
    throw new NotImportable(
      'an argument looks like a secret; Berth gives secrets by the environment, where other processes cannot read them.',
    )
  }
  return {
    entry,
    deployment,
    artifact,
    args,
    env: environment.plain,
    headers: requested.plain,
    secrets: [...environment.secrets, ...requested.secrets],
  }
}

/** For an entry whose own name has no Latin letter or digit: what it is of. */
function nameOf(artifact: PlannedArtifact): string {
  if (artifact.kind === 'npm') return toSlug(artifact.package.replace(/^.*\//, ''))
  if (artifact.kind === 'remote') return toSlug(new URL(artifact.url).hostname)
  return toSlug(artifact.path.replace(/^.*[\\/]/, '')) || 'server'
}

interface Source {
  artifact: PlannedArtifact
  args: string[]
  env: Record<string, string>
  headers: Record<string, string>
}

const secretFlag = /^--?[\w-]*(?:api-?key|token|secret|password)(?:=|$)/i
/** What may be a secret in an argument: all of it, or what stands after an option's `=`. */
const valuePart = (arg: string): string => (arg.startsWith('-') ? arg.replace(/^[^=]*=?/, '') : arg)

function fromUrl(url: unknown, headers: Record<string, string>, fields: Record<string, unknown>): Source {
  if (fields['type'] === 'sse') {
    throw new NotImportable('it speaks the old SSE transport; Berth needs the Streamable HTTP address.')
  }
  if (typeof url !== 'string' || !URL.canParse(url)) throw new NotImportable('its url is not a URL.')
  refuseUnfit(url, 'The url')
  const { protocol, hostname, username, password, searchParams } = new URL(url)
  const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)
  if (protocol !== 'https:' && !(protocol === 'http:' && loopback)) {
    throw new NotImportable('its url must start with https:// (http:// only for this machine).')
  }
  if (username || password || [...searchParams].some(([name, value]) => looksSecret(name, value))) {
    throw new NotImportable('its url holds a secret; put that into a header.')
  }
  return { artifact: { kind: 'remote', url }, args: [], env: {}, headers }
}

function fromCommand(fields: Record<string, unknown>, around: Surroundings): Source {
  const { command, args: given = [] } = fields
  if (typeof command !== 'string' || !command) throw new NotImportable('it has neither a command nor a url.')
  if (!Array.isArray(given) || !given.every((one) => typeof one === 'string')) {
    throw new NotImportable('its args must be a list of texts.')
  }
  const env = textsOf(fields['env'], 'env')
  const throughCmd = /^cmd(\.exe)?$/i.test(command) && given[0]?.toLowerCase() === '/c'
  const words = throughCmd ? given.slice(1) : [command, ...given]
  const program = (words[0] ?? '').replace(/^.*[\\/]/, '').replace(/\.(cmd|exe)$/i, '')
  const args = words.slice(1)
  if (program === 'npx') return fromNpx(args, env)
  if (program === 'node') return fromNode(args, env, fields['cwd'], around)
  throw new NotImportable(
    `Berth runs npm packages (npx), Node scripts and remote servers; it cannot run "${words[0] ?? ''}".`,
  )
}

const exactVersion = /^\d+\.\d+\.\d+(?:[-+][0-9A-Za-z-.]+)*$/
const packageName = /^(?:@[a-z0-9-~][a-z0-9-._~]*\/)?[a-z0-9-~][a-z0-9-._~]*$/

function fromNpx(given: string[], env: Record<string, string>): Source {
  let spec: string | undefined
  let rest = [...given]
  while (rest[0]?.startsWith('-')) {
    const flag = rest.shift()!
    if (flag === '--') break
    if (flag === '-p' || flag === '--package') spec = rest.shift()
    else if (flag.startsWith('--package=')) spec = flag.slice('--package='.length)
    else if (!['-y', '--yes', '-q', '--quiet'].includes(flag)) {
      throw new NotImportable(`npx's option ${flag} has no counterpart in Berth.`)
    }
  }
  const bin = spec === undefined ? undefined : rest.shift()
  spec ??= rest.shift()
  if (rest[0] === '--') rest = rest.slice(1)
  if (!spec) throw new NotImportable('npx is given no package.')
  const at = spec.indexOf('@', 1)
  const name = at < 0 ? spec : spec.slice(0, at)
  const tag = at < 0 ? 'latest' : spec.slice(at + 1)
  if (!packageName.test(name)) throw new NotImportable(`"${spec}" is not a package of the npm registry.`)
  if (tag !== 'latest' && !exactVersion.test(tag)) {
    throw new NotImportable(`"${tag}" is not an exact version; Berth pins one, such as ${name}@1.2.3.`)
  }
  if (name === 'mcp-remote') return fromBridge(rest, env)
  const version = tag === 'latest' ? undefined : tag
  return { artifact: { kind: 'npm', package: name, version, bin }, args: rest, env, headers: {} }
}

/** `mcp-remote URL --header Name:value` only passes calls on: what it leads to is imported itself. */
function fromBridge(args: string[], env: Record<string, string>): Source {
  const headers: Record<string, string> = {}
  for (const [index, flag] of args.entries()) {
    if (flag !== '--header') continue
    const header = (args[index + 1] ?? '').replace(
      /\$\{(\w+)\}/g,
      (whole, name: string) => env[name] ?? whole,
    )
    const colon = header.indexOf(':')
    if (colon > 0) headers[header.slice(0, colon).trim()] = header.slice(colon + 1).trim()
  }
  return fromUrl(args[0], headers, {})
}

function fromNode(given: string[], env: Record<string, string>, cwd: unknown, around: Surroundings): Source {
  const [script, ...args] = given
  if (!script || script.startsWith('-')) {
    throw new NotImportable(
      'node must be given a script first; its own options have no counterpart in Berth.',
    )
  }
  refuseUnfit(script, 'The path')
  const found = around.scriptAt(script, typeof cwd === 'string' ? cwd : undefined)
  const artifact = { kind: 'local' as const, path: found.folder, command: ['node', found.script] }
  return { artifact, args, env, headers: {} }
}

/** Divides values into plain ones and secrets. */
function part(deployment: string, values: Record<string, string>, where: 'env' | 'header') {
  const plain: Record<string, string> = {}
  const secrets: PlannedSecret[] = []
  for (const [name, value] of Object.entries(values)) {
    if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name) || (where === 'env' && name.includes('-'))) {
      throw new NotImportable(
        `"${name}" cannot be the name of ${where === 'env' ? 'a variable' : 'a header'}.`,
      )
    }
    const asks = [...new Set(value.match(reference))]
    // What the file only refers to is kept out of it for a reason.
    if (asks.length > 0 || (value && looksSecret(name, value))) {
      const workspaceName = secretNameFor(deployment, name)
      secrets.push({ name, in: where, workspaceName, value, asks })
    } else plain[name] = value
  }
  return { plain, secrets }
}

const reference = /\$\{[^}]*\}/g

/** A secret's value with its references replaced by what was given for them. */
export function answered({ value }: PlannedSecret, answers: Readonly<Record<string, string>>): string {
  return value.replace(reference, (whole) => answers[whole] ?? whole)
}

/** What a workspace calls a secret of one of its deployments. */
export function secretNameFor(deployment: string, name: string): string {
  const whole = `${deployment}_${name}`.toUpperCase().replaceAll('-', '_')
  return (/^[A-Z_]/.test(whole) ? whole : `_${whole}`).slice(0, 64)
}

function refuseUnfit(value: string, what: string): void {
  const variable = /\$\{[^}]*\}/.exec(value)
  if (variable)
    throw new NotImportable(`${what} refers to ${variable[0]}; write the value itself into the file.`)
  if (/\{[A-Za-z_][A-Za-z0-9_-]*\}/.test(value)) {
    throw new NotImportable(`${what} holds {braces}, which Berth would fill in from the configuration.`)
  }
}

function textsOf(given: unknown, what: string): Record<string, string> {
  if (given === undefined || given === null) return {}
  if (typeof given !== 'object' || Array.isArray(given))
    throw new NotImportable(`its ${what} must be an object.`)
  const entries = Object.entries(given as Record<string, unknown>)
  const wrong = entries.find(([, value]) => !['string', 'number', 'boolean'].includes(typeof value))
  if (wrong) throw new NotImportable(`its ${what} must hold texts; ${wrong[0]} is none.`)
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]))
}
