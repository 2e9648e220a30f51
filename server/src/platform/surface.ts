/** What a server shows of itself (tools, prompts, resources): one canonical form, its hash, differences of two. */
import type { Surface, SurfaceDifference } from '@berth/contracts'
import { sha256Hex } from './crypto.ts'
import { canonical } from './log/leaf.ts'
import { mapTexts } from './text.ts'

type Item = Record<string, unknown>
type Fields = SurfaceDifference['fields']

const lists = [
  { key: 'tools', kind: 'tool', by: 'name' },
  { key: 'prompts', kind: 'prompt', by: 'name' },
  { key: 'resources', kind: 'resource', by: 'uri' },
  { key: 'resourceTemplates', kind: 'resourceTemplate', by: 'uriTemplate' },
] as const

/**
 * What was just observed, made fit to be kept and compared: sorted (the order a server lists things in means
 * nothing), every text storable, without the size and age of resources, which are not what they are. To be
 * applied once, where the surface comes in.
 */
export function normalizeSurface(observed: Surface): Surface {
  const surface = mapTexts(observed, storable) as Surface
  return sortSurface({ ...surface, resources: surface.resources.map(withoutMeasurements) })
}

function withoutMeasurements(resource: Item): Item {
  const { size: _size, annotations, ...rest } = resource
  if (!isObject(annotations)) return rest
  const { lastModified: _lastModified, ...lasting } = annotations
  return Object.keys(lasting).length > 0 ? { ...rest, annotations: lasting } : rest
}

// oxlint-disable-next-line no-control-regex -- NUL is just what is looked for
const unstorable = /[\u0000\ufffd]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

/** Each character that cannot be stored becomes U+FFFD and its code, so that no two texts become the same. */
function storable(text: string): string {
  return text.replace(unstorable, (unit) => `\ufffd${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function sortSurface(surface: Surface): Surface {
  const sorted = { ...surface }
  for (const { key, by } of lists) {
    const keyed = surface[key].map((item) => ({ item, name: String(item[by]), text: canonical(item) }))
    keyed.sort((a, b) => compare(a.name, b.name) || compare(a.text, b.text))
    sorted[key] = keyed.map(({ item }) => item)
  }
  return sorted
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The surface as exact text (RFC 8785): equal surfaces give equal bytes, whatever order they were listed in. */
export function canonicalSurface(surface: Surface): string {
  return canonical(sortSurface(surface))
}

/** `sha256:` and the hex digest of the canonical text. */
export function surfaceHash(surface: Surface): string {
  return sha256Hex(canonicalSurface(surface))
}

/** Every difference: of the server itself, then tools, prompts, resources, templates; by name within. */
export function diffSurfaces(before: Surface, after: Surface): SurfaceDifference[] {
  const own = (['instructions', 'serverInfo'] as const).flatMap((kind): SurfaceDifference[] => {
    const fields: Fields = []
    diffValues('', before[kind], after[kind], fields)
    return fields.length > 0 ? [{ kind, name: kind, change: 'changed', fields }] : []
  })
  return [...own, ...lists.flatMap(({ key, kind, by }) => diffItems(kind, by, before[key], after[key]))]
}

/**
 * The differences that make a server another one than was admitted. That a resource came or went does not: resources
 * are what a server holds, and it lists them as they come; one that is described differently does.
 */
export function driftBetween(before: Surface, after: Surface): SurfaceDifference[] {
  return diffSurfaces(before, after).filter(({ kind, change }) => kind !== 'resource' || change === 'changed')
}

function diffItems(
  kind: SurfaceDifference['kind'],
  by: string,
  before: Item[],
  after: Item[],
): SurfaceDifference[] {
  const old = byName(before, by)
  const now = byName(after, by)
  const differences: SurfaceDifference[] = []
  for (const key of [...new Set([...old.keys(), ...now.keys()])].sort(compare)) {
    const was = old.get(key)
    const is = now.get(key)
    const fields: Fields = []
    if (was && is) diffValues('', was, is, fields)
    else fields.push({ path: '', before: was ?? null, after: is ?? null })
    if (fields.length === 0) continue
    const change = !was ? 'added' : !is ? 'removed' : 'changed'
    differences.push({ kind, name: String((was ?? is)![by]), change, fields })
  }
  return differences
}

/** A server may list one name twice; the second is an item of its own. */
function byName(items: Item[], by: string): Map<string, Item> {
  const map = new Map<string, Item>()
  const sorted = items
    .map((item) => ({ item, text: canonical(item) }))
    .sort((a, b) => compare(a.text, b.text))
  for (const { item } of sorted) {
    let key = JSON.stringify(String(item[by]))
    while (map.has(key)) key += '+'
    map.set(key, item)
  }
  return map
}

function diffValues(path: string, before: unknown, after: unknown, fields: Fields): void {
  if (isObject(before) && isObject(after)) {
    for (const key of [...new Set([...Object.keys(before), ...Object.keys(after)])].sort(compare)) {
      const pointer = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
      diffValues(pointer, before[key], after[key], fields)
    }
    return
  }
  const same =
    before === undefined || after === undefined ? before === after : canonical(before) === canonical(after)
  if (!same) fields.push({ path, before: before ?? null, after: after ?? null })
}

function isObject(value: unknown): value is Item {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
