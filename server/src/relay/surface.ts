/** Lists what a server shows of itself: its tools, prompts, resources and templates. */
import type { Surface } from '@berth/contracts'
import { normalizeSurface } from '../platform/surface.ts'
import { UpstreamError } from './jsonrpc.ts'
import type { Upstream } from './upstream.ts'

type Item = Record<string, unknown>

export interface SurfaceLimits {
  /** Pages of one list. Default 100. */
  maxPages?: number
  /** All lists together, in characters of JSON. Default 8 Mi. */
  maxLength?: number
  /** For one page. Default 30,000 ms. */
  timeoutMs?: number
}

type ListKey = 'tools' | 'prompts' | 'resources' | 'resourceTemplates'

const lists: { key: ListKey; method: string; capability: string }[] = [
  { key: 'tools', method: 'tools/list', capability: 'tools' },
  { key: 'prompts', method: 'prompts/list', capability: 'prompts' },
  { key: 'resources', method: 'resources/list', capability: 'resources' },
  { key: 'resourceTemplates', method: 'resources/templates/list', capability: 'resources' },
]

/**
 * Lists everything an initialised server offers, page by page, sorted. A capability it does not declare is an empty
 * list. Throws UpstreamError when a list fails, is malformed, or passes a limit.
 */
export async function observeSurface(upstream: Upstream, limits: SurfaceLimits = {}): Promise<Surface> {
  const hello = upstream.initializeResult
  if (!hello) throw new UpstreamError('The server is not initialised.')
  const surface: Surface = {
    serverInfo: { ...hello.serverInfo },
    ...(typeof hello.instructions === 'string' ? { instructions: hello.instructions } : {}),
    tools: [],
    prompts: [],
    resources: [],
    resourceTemplates: [],
  }
  const budget = { left: limits.maxLength ?? 8 * 1024 * 1024 }
  for (const { key, method, capability } of lists) {
    if (hello.capabilities[capability] === undefined) continue
    surface[key] = await listAll(upstream, method, key, budget, limits)
  }
  return normalizeSurface(surface)
}

async function listAll(
  upstream: Upstream,
  method: string,
  key: ListKey,
  budget: { left: number },
  limits: SurfaceLimits,
): Promise<Item[]> {
  const items: Item[] = []
  const maxPages = limits.maxPages ?? 100
  let cursor: unknown
  for (let page = 0; page < maxPages; page++) {
    const params = cursor === undefined ? {} : { cursor }
    const { result, error } = await upstream.ask(method, params, limits.timeoutMs ?? 30_000)
    // Servers declare resources and leave out templates.
    if (error?.code === -32601) return items
    if (error) throw new UpstreamError(`The server refused ${method}: ${String(error.message)}`)
    const answer = (result ?? {}) as Record<string, unknown>
    const found = answer[key]
    if (!Array.isArray(found) || !found.every((item) => item !== null && typeof item === 'object')) {
      throw new UpstreamError(`The server answered ${method} without a list of ${key}.`)
    }
    budget.left -= JSON.stringify(found).length
    if (budget.left < 0) throw new UpstreamError(`The server lists more than is accepted (at ${method}).`)
    items.push(...(found as Item[]))
    cursor = answer['nextCursor']
    if (typeof cursor !== 'string') return items
  }
  throw new UpstreamError(`The server's ${method} has more than ${maxPages} pages.`)
}
