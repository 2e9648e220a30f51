import type { api, EndpointInput, Isolation, ReleaseManifest } from '@berth/contracts'
import { readObject } from '../deployments/schemaFields.ts'

export type AddBody = EndpointInput<typeof api.catalog.add>['body']
export type Kind = 'npm' | 'remote' | 'local'

export interface Pair {
  name: string
  value: string
}

export interface SecretRow {
  name: string
  description: string
  required: boolean
}

/** What the form for a new server holds: text, as it was typed. */
export interface AddForm {
  kind: Kind
  name: string
  package: string
  version: string
  bin: string
  integrity: string
  url: string
  path: string
  command: string
  args: string
  egress: string
  title: string
  description: string
  env: Pair[]
  headers: Pair[]
  secrets: SecretRow[]
  configSchema: string
  isolation: Isolation
}

export const emptyForm: AddForm = {
  kind: 'npm',
  name: '',
  package: '',
  version: '',
  bin: '',
  integrity: '',
  url: '',
  path: '',
  command: '',
  args: '',
  egress: '',
  title: '',
  description: '',
  env: [],
  headers: [],
  secrets: [],
  configSchema: '',
  isolation: 'principal',
}

/** The request that the form means, and what is wrong with which field. */
export function bodyOf(form: AddForm): { body: AddBody; faults: Record<string, string> } {
  const faults: Record<string, string> = {}
  const needed = { npm: ['package'], remote: ['url'], local: ['path', 'command'] } as const
  const questions = {
    package: 'Name a package, such as @modelcontextprotocol/server-memory.',
    url: 'Type its address, such as https://mcp.example.com/mcp.',
    path: 'Name a folder, such as /srv/servers/weather.',
    command: 'Type what starts it, such as node server.js.',
  }
  for (const key of needed[form.kind]) if (!form[key].trim()) faults[key] = questions[key]
  const schema = form.configSchema.trim() ? readObject(form.configSchema) : null
  if (schema?.faults.config) faults.configSchema = schema.faults.config
  const words = wordsOf(form.command)
  if (form.kind === 'local' && words === null) faults.command = 'A quote is not closed.'
  const elsewhere = form.kind === 'remote'
  const pairs = elsewhere ? 'headers' : 'env'
  const manifest: Partial<ReleaseManifest> = {
    ...given('title', form.title.trim()),
    ...given('description', form.description.trim()),
    ...(elsewhere
      ? {}
      : {
          ...given('args', linesOf(form.args)),
          ...given('egress', form.egress.split(/[\s,]+/).filter(Boolean)),
        }),
    ...given(pairs, pairsOf(form[pairs], pairs, faults)),
    ...given('secrets', secretsOf(form.secrets, elsewhere ? 'header' : 'env', faults)),
    ...(schema ? { configSchema: schema.config } : {}),
    ...(form.isolation === 'principal' ? {} : { isolation: form.isolation }),
  }
  const body = { ...given('name', form.name.trim()), manifest, artifact: artifactOf(form, words ?? []) }
  return { body, faults }
}

function artifactOf(form: AddForm, command: string[]): AddBody['artifact'] {
  if (form.kind === 'remote') return { kind: 'remote', url: form.url.trim() }
  if (form.kind === 'local') return { kind: 'local', path: form.path.trim(), command }
  return {
    kind: 'npm',
    package: form.package.trim(),
    ...given('version', form.version.trim()),
    ...given('bin', form.bin.trim()),
    ...given('integrity', form.integrity.trim()),
  }
}

/** What says something; nothing otherwise. */
function given(key: string, value: string | object): object {
  const size = typeof value === 'string' ? value.length : Object.keys(value).length
  return size > 0 ? { [key]: value } : {}
}

const linesOf = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)

function pairsOf(
  rows: Pair[],
  what: 'env' | 'headers',
  faults: Record<string, string>,
): Record<string, string> {
  const used = rows.filter(({ name, value }) => name.trim() || value)
  const names = used.map(({ name }) => name.trim())
  if (names.includes('')) faults[what] = 'Each value needs a name.'
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice) faults[what] = `${twice} stands here twice.`
  return Object.fromEntries(used.map(({ name, value }) => [name.trim(), value]))
}

function secretsOf(rows: SecretRow[], place: 'env' | 'header', faults: Record<string, string>) {
  rows.forEach((row, at) => {
    if (!row.name.trim()) faults[`secrets.${at}`] = 'What is it called?'
  })
  return rows.map(({ name, description, required }) => ({
    name: name.trim(),
    description: description.trim(),
    required,
    in: place,
  }))
}

/** A command line as its words; quotes keep spaces. Null: a quote is not closed. */
export function wordsOf(line: string): string[] | null {
  const words: string[] = []
  const pattern = /\s*((?:"[^"]*"|'[^']*'|[^\s"'])+)/gy
  let end = 0
  for (let match = pattern.exec(line); match; match = pattern.exec(line)) {
    words.push(
      match[1]!.replace(
        /"([^"]*)"|'([^']*)'/g,
        (_, double?: string, single?: string) => double ?? single ?? '',
      ),
    )
    end = pattern.lastIndex
  }
  return line.slice(end).trim() === '' ? words : null
}

/** The server's faults under the names that the form uses: `artifact.npm.package` → `package`. */
export function formFaults(faults: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(faults).map(([path, message]) => [
      path.replace(/^(artifact|manifest)\./, '').replace(/^(npm|remote|local)\./, ''),
      message,
    ]),
  )
}

/** What is wrong with a field, or with a part of it. */
export function faultAt(faults: Record<string, string>, path: string): string | undefined {
  return faults[path] ?? Object.entries(faults).find(([key]) => key.startsWith(`${path}.`))?.[1]
}
