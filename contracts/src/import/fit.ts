import type { z } from 'zod'
import type { addServerBody, Release, ReleaseManifest } from '../catalog.ts'
import { secretNameFor, type Plan, type PlannedArtifact, type PlannedSecret } from './entry.ts'

/** How a release of the catalog runs exactly what an entry ran. */
export interface Fit {
  config: Record<string, unknown>
  secrets: PlannedSecret[]
}

/** Whether a release is of the same package, address or folder. */
export function sameSource(artifact: Release['artifact'], wanted: PlannedArtifact): boolean {
  if (artifact.kind === 'npm' && wanted.kind === 'npm') return artifact.package === wanted.package
  if (artifact.kind === 'remote' && wanted.kind === 'remote') return artifact.url === new URL(wanted.url).href
  if (artifact.kind === 'local' && wanted.kind === 'local') {
    return artifact.path === wanted.path && same(artifact.command, wanted.command)
  }
  return false
}

/**
 * The configuration and secrets with which a release runs as an entry ran; null where nothing makes it do so. `egress`
 * is what it must be able to reach; null: whatever it can.
 */
export function fitOf(release: Release, plan: Plan, egress: readonly string[] | null): Fit | null {
  const { artifact, manifest } = release
  const wanted = plan.artifact
  if (release.state !== 'admitted' || !sameSource(artifact, wanted)) return null
  if (artifact.kind === 'npm' && wanted.kind === 'npm') {
    if (wanted.version !== undefined && wanted.version !== artifact.version) return null
    if ((wanted.bin ?? null) !== artifact.bin) return null
  }
  if (egress && !same(manifest.egress.toSorted(), egress.toSorted())) return null
  return new Fitting(manifest, plan).fit()
}

/** What an operator adds to the catalog so that an entry can run; its plain values become defaults that can be changed. */
export function additionOf(plan: Plan, egress: readonly string[]): z.input<typeof addServerBody> {
  const { artifact, args, env, headers } = plan
  const fields = { ...env, ...headers }
  const templates = (values: Record<string, string>) =>
    Object.fromEntries(Object.keys(values).map((name) => [name, `{${name}}`]))
  const properties = Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, { type: 'string', default: value }]),
  )
  const manifest = {
    args,
    env: templates(env),
    headers: templates(headers),
    secrets: plan.secrets.map(({ name, in: where }) => ({ name, in: where })),
    egress: [...egress],
    ...(Object.keys(fields).length > 0
      ? { configSchema: { type: 'object', properties, additionalProperties: false } }
      : {}),
  }
  return { artifact, manifest }
}

interface Property {
  type?: unknown
  default?: unknown
}

const placeholder = /\{([A-Za-z_][A-Za-z0-9_-]*)\}/

/** Finds what fills a manifest's placeholders so that it becomes what an entry says. */
class Fitting {
  private readonly manifest: ReleaseManifest
  private readonly plan: Plan
  private readonly properties: Record<string, Property>
  private readonly required: ReadonlySet<string>
  /** The texts that placeholders stand for; an array's items are gathered. */
  private readonly given = new Map<string, string | string[]>()

  constructor(manifest: ReleaseManifest, plan: Plan) {
    this.manifest = manifest
    this.plan = plan
    const { properties = {}, required = [] } = manifest.configSchema
    this.properties = properties as Record<string, Property>
    this.required = new Set(required as string[])
  }

  fit(): Fit | null {
    if (!this.takeValues() || !this.takeArguments(0, 0)) return null
    return this.collect()
  }

  /** Leads every variable and header of the entry into the manifest's template, or its secret, of that name. */
  private takeValues(): boolean {
    const { env, headers, secrets } = this.plan
    const templates = new Map(Object.entries({ ...this.manifest.env, ...this.manifest.headers }))
    const values = [
      ...Object.entries({ ...env, ...headers }).map(([name, value]) => ({ name, value, secret: false })),
      ...secrets.map(({ name, value }) => ({ name, value, secret: true })),
    ]
    for (const { name, value, secret } of values) {
      const template = templates.get(name) ?? (this.isSecret(name) ? `{${name}}` : undefined)
      if (template === undefined || !this.take(template, value)) return false
      // What many can read is no place for a secret: neither the configuration nor the release itself.
      if (secret && !this.isSecret(placeholder.exec(template)?.[1])) return false
      templates.delete(name)
    }
    return [...templates.values()].every((template) => this.canBeAbsent(template))
  }

  /** Leads the entry's arguments from `at` on into the manifest's from `index` on, trying what may be left out last. */
  private takeArguments(index: number, at: number): boolean {
    const template = this.manifest.args[index]
    const arg = this.plan.args[at]
    if (template === undefined) return arg === undefined
    const name = placeholder.exec(template)?.[1]
    const before = name === undefined ? undefined : this.given.get(name)
    if (arg !== undefined && this.take(template, arg, true)) {
      const repeats = name !== undefined && this.properties[name]?.type === 'array'
      if (repeats && this.takeArguments(index, at + 1)) return true
      if (this.takeArguments(index + 1, at + 1)) return true
      if (name !== undefined) this.restore(name, before)
    }
    return this.canBeAbsent(template) && this.takeArguments(index + 1, at)
  }

  private restore(name: string, before: string | string[] | undefined): void {
    if (before === undefined) this.given.delete(name)
    else this.given.set(name, before)
  }

  /** Notes what the one placeholder of a template must stand for so that it reads `text`; false: nothing does. */
  private take(template: string, text: string, isArgument = false): boolean {
    const found = placeholder.exec(template)
    if (!found) return template === text
    const name = found[1]!
    const [head, tail] = [template.slice(0, found.index), template.slice(found.index + found[0].length)]
    if (placeholder.test(tail)) return false
    const fits = text.length >= head.length + tail.length && text.startsWith(head) && text.endsWith(tail)
    if (!fits) return false
    const value = text.slice(head.length, text.length - tail.length)
    const known = this.given.get(name)
    if (isArgument && this.properties[name]?.type === 'array') {
      this.given.set(name, [...(Array.isArray(known) ? known : []), value])
      return true
    }
    if (known !== undefined) return known === value
    this.given.set(name, value)
    return true
  }

  /** A template goes without a value only where nothing fills it by itself. */
  private canBeAbsent(template: string): boolean {
    const name = placeholder.exec(template)?.[1]
    if (name === undefined || this.given.has(name) || this.required.has(name)) return false
    return this.properties[name]?.default === undefined
  }

  private isSecret(name: string | undefined): boolean {
    return this.manifest.secrets.some((one) => one.name === name)
  }

  private collect(): Fit | null {
    const config: Record<string, unknown> = {}
    const secrets: PlannedSecret[] = []
    for (const [name, value] of this.given) {
      const secret = this.manifest.secrets.find((one) => one.name === name)
      if (secret) {
        if (typeof value !== 'string') return null
        const workspaceName = secretNameFor(this.plan.deployment, name)
        const asks = [...new Set(value.match(/\$\{[^}]*\}/g))]
        secrets.push({ name, in: secret.in, workspaceName, value, asks })
        continue
      }
      const typed = typedAs(this.properties[name]?.type, value)
      if (typed === undefined) return null
      config[name] = typed
    }
    const lacking = this.manifest.secrets.some((one) => one.required && !this.given.has(one.name))
    const unset = [...this.required].some((name) => !(name in config))
    return lacking || unset ? null : { config, secrets }
  }
}

/** A text as a value of a schema's type; undefined where it is none. */
function typedAs(type: unknown, value: string | string[]): unknown {
  if (type === 'array') return Array.isArray(value) ? value : value.split(',')
  if (typeof value !== 'string') return undefined
  if (type === 'boolean') return value === 'true' ? true : value === 'false' ? false : undefined
  if (type === 'number' || type === 'integer')
    return String(Number(value)) === value ? Number(value) : undefined
  return value
}

const same = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((one, index) => one === b[index])
