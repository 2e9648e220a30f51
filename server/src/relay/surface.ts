/** What a server shows of itself (tools, prompts, resources), in one canonical form with a hash, and differences of two. */
import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { UpstreamError } from './jsonrpc.ts'
import type { Upstream } from './upstream.ts'

export interface SurfaceItem {
  [member: string]: unknown
}

export interface Surface {
  tools: SurfaceItem[]
  prompts: SurfaceItem[]
  resources: SurfaceItem[]
  resourceTemplates: SurfaceItem[]
  instructions?: string
  serverInfo: Record<string, unknown>
}

export type SurfaceKind = 'tool' | 'prompt' | 'resource' | 'resourceTemplate' | 'instructions' | 'serverInfo'

export interface SurfaceChange {
  kind: SurfaceKind
  /** The item's name (URI for resources); the kind itself for instructions and serverInfo. */
  name: string
  change: 'added' | 'removed' | 'changed'
  /** What differs, by JSON pointer; for an added or removed item the whole of it at ''. */
  fields: { path: string; before: unknown; after: unknown }[]
}

export interface SurfaceLimits {
  /** Pages of one list. Default 100. */
  maxPages?: number
  /** All lists together, in characters of JSON. Default 8 Mi. */
  maxLength?: number
  /** For one page. Default 30,000 ms. */
  timeoutMs?: number
}

type ListKey = 'tools' | 'prompts' | 'resources' | 'resourceTemplates'

const lists: { key: ListKey; kind: SurfaceKind; method: string; capability: string; by: string }[] = [
  { key: 'tools', kind: 'tool', method: 'tools/list', capability: 'tools', by: 'name' },
  { key: 'prompts', kind: 'prompt', method: 'prompts/list', capability: 'prompts', by: 'name' },
  { key: 'resources', kind: 'resource', method: 'resources/list', capability: 'resources', by: 'uri' },
  {
    key: 'resourceTemplates',
    kind: 'resourceTemplate',
    method: 'resources/templates/list',
    capability: 'resources',
    by: 'uriTemplate',
  },
]

/**
 * Lists everything an initialised server offers, page by page, sorted. A capability it does not declare is an empty
 * list. Throws UpstreamError when a list fails, is malformed, or passes a limit.
 */
export async function observeSurface(upstream: Upstream, limits: SurfaceLimits = {}): Promise<Surface> {
  const hello = upstream.initializeResult
  if (!hello) throw new UpstreamError('The server is not initialised.')
  const surface: Surface = {
    tools: [],
    prompts: [],
    resources: [],
    resourceTemplates: [],
    serverInfo: { ...hello.serverInfo },
  }
  if (typeof hello.instructions === 'string') surface.instructions = hello.instructions
  const budget = { left: limits.maxLength ?? 8 * 1024 * 1024 }
  for (const { key, method, capability } of lists) {
    if (hello.capabilities[capability] === undefined) continue
    surface[key] = await listAll(upstream, method, key, budget, limits)
  }
  return sortSurface(surface)
}

async function listAll(
  upstream: Upstream,
  method: string,
  key: ListKey,
  budget: { left: number },
  limits: SurfaceLimits,
): Promise<SurfaceItem[]> {
  const items: SurfaceItem[] = []
  const maxPages = limits.maxPages ?? 100
  let cursor: unknown
  for (let page = 0; page < maxPages; page++) {
    const params = cursor === undefined ? {} : { cursor }
    const { result, error } = await upstream.ask(method, params, limits.timeoutMs ?? 30_000)
    // Servers declare resources and leave out templates.
    if (error?.code === -32601) return items
    if (error) throw new UpstreamError(`The server refused ${method}: ${String(error.message)}`)
    const answer = result as Record<string, unknown>
    const found = answer[key]
    if (!Array.isArray(found) || !found.every((item) => item !== null && typeof item === 'object')) {
      throw new UpstreamError(`The server answered ${method} without a list of ${key}.`)
    }
    budget.left -= JSON.stringify(found).length
    if (budget.left < 0) throw new UpstreamError(`The server lists more than is accepted (at ${method}).`)
    items.push(...(found as SurfaceItem[]))
    cursor = answer['nextCursor']
    if (typeof cursor !== 'string') return items
  }
  throw new UpstreamError(`The server's ${method} has more than ${maxPages} pages.`)
}

/** The same surface in its canonical order: the order a server lists things in means nothing. */
export function sortSurface(surface: Surface): Surface {
  const sorted = { ...surface }
  for (const { key, by } of lists) {
    const keyed = surface[key].map((item) => ({ item, name: String(item[by]), text: canonicalText(item) }))
    keyed.sort((a, b) => compare(a.name, b.name) || compare(a.text, b.text))
    sorted[key] = keyed.map(({ item }) => item)
  }
  return sorted
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** RFC 8785 text. */
function canonicalText(value: unknown): string {
  return canonicalize(value) ?? 'null'
}

/** The surface as exact text: equal surfaces give equal bytes, whatever order they were listed in. */
export function canonicalSurface(surface: Surface): string {
  return canonicalText(sortSurface(surface))
}

/** `sha256:` and the hex digest of the canonical text. */
export function surfaceHash(surface: Surface): string {
  return `sha256:${createHash('sha256').update(canonicalSurface(surface)).digest('hex')}`
}

/** Every difference, in the order tools, prompts, resources, templates, instructions, serverInfo; by name within. */
export function diffSurfaces(before: Surface, after: Surface): SurfaceChange[] {
  const changes: SurfaceChange[] = []
  for (const { key, kind, by } of lists) changes.push(...diffItems(kind, by, before[key], after[key]))
  for (const kind of ['instructions', 'serverInfo'] as const) {
    const fields: SurfaceChange['fields'] = []
    diffValues('', before[kind], after[kind], fields)
    if (fields.length > 0) changes.push({ kind, name: kind, change: 'changed', fields })
  }
  return changes
}

function diffItems(
  kind: SurfaceKind,
  by: string,
  before: SurfaceItem[],
  after: SurfaceItem[],
): SurfaceChange[] {
  const old = byName(before, by)
  const now = byName(after, by)
  const changes: SurfaceChange[] = []
  for (const key of [...new Set([...old.keys(), ...now.keys()])].sort(compare)) {
    const was = old.get(key)
    const is = now.get(key)
    const name = String((was ?? is)![by])
    const fields: SurfaceChange['fields'] = []
    if (was && is) diffValues('', was, is, fields)
    else fields.push({ path: '', before: was, after: is })
    if (fields.length === 0) continue
    changes.push({ kind, name, change: was ? (is ? 'changed' : 'removed') : 'added', fields })
  }
  return changes
}

/** A server may list one name twice; the second is an item of its own. */
function byName(items: SurfaceItem[], by: string): Map<string, SurfaceItem> {
  const map = new Map<string, SurfaceItem>()
  const sorted = items
    .map((item) => ({ item, text: canonicalText(item) }))
    .sort((a, b) => compare(a.text, b.text))
  for (const { item } of sorted) {
    let key = JSON.stringify(String(item[by]))
    while (map.has(key)) key += '+'
    map.set(key, item)
  }
  return map
}

function diffValues(path: string, before: unknown, after: unknown, fields: SurfaceChange['fields']): void {
  if (isObject(before) && isObject(after)) {
    for (const key of [...new Set([...Object.keys(before), ...Object.keys(after)])].sort(compare)) {
      const pointer = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
      diffValues(pointer, before[key], after[key], fields)
    }
    return
  }
  const same =
    before === undefined || after === undefined
      ? before === after
      : canonicalText(before) === canonicalText(after)
  if (!same) fields.push({ path, before, after })
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
