/** What a running server shows of itself: looked at until it stands still, and measured against what was admitted. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Surface } from '@berth/contracts'
import { driftBetween, normalizeSurface, surfaceHash } from '../platform/surface.ts'
import { observeSurface, type InitializeParams, type SurfaceLimits, type Upstream } from '../relay/service.ts'

export interface Seen {
  surface: Surface
  hash: string
}

/** Without a change for so long, a server has shown what it shows. */
const quietMs = 1000
const settleMs = 5000
const pauseMs = 200

export async function look(upstream: Upstream, limits?: SurfaceLimits): Promise<Seen> {
  const surface = normalizeSurface(await observeSurface(upstream, limits))
  return { surface, hash: surfaceHash(surface) }
}

/**
 * Looks again while `unfinished` says so and the server may still be registering what it offers, as many do a moment
 * after `initialized`: until its lists have not changed for a second, at most five. One that announces no changes is
 * taken at its first word.
 */
export async function settle(
  upstream: Upstream,
  options: {
    /** When a list was last announced to have changed; `performance.now()`. */
    changedAt: () => number
    unfinished: (seen: Seen) => boolean
    limits?: SurfaceLimits
    seen?: Seen
  },
): Promise<Seen> {
  const started = performance.now()
  let seen = options.seen ?? (await look(upstream, options.limits))
  while (announces(upstream) && options.unfinished(seen)) {
    const now = performance.now()
    if (now - Math.max(options.changedAt(), started) > quietMs || now - started > settleMs) break
    await sleep(pauseMs)
    seen = await look(upstream, options.limits)
  }
  return seen
}

function announces({ initializeResult }: Upstream): boolean {
  const capabilities = Object.values(initializeResult?.capabilities ?? {})
  return capabilities.some((one) => (one as { listChanged?: unknown } | null)?.listChanged === true)
}

/** Whether a surface is the standard, but for what may still come. */
export function isPartOf(standard: Surface, seen: Seen): boolean {
  const differences = driftBetween(standard, seen.surface)
  return differences.length > 0 && differences.every(({ change }) => change === 'removed')
}

/** Capabilities of a client by which servers choose what to show it. */
const telling = [
  ['sampling'],
  ['sampling', 'tools'],
  ['sampling', 'context'],
  ['elicitation'],
  ['elicitation', 'form'],
  ['elicitation', 'url'],
  ['roots'],
  ['roots', 'listChanged'],
  ['tasks'],
  ['extensions', 'io.modelcontextprotocol/ui'],
]

/** The kind of client a session is of, by what it declares: sessions of one kind are shown the same. */
export function kindOf({ capabilities }: InitializeParams): string {
  const declared = telling.filter((path) => {
    let value: unknown = capabilities
    for (const key of path) value = (value as Record<string, unknown> | null | undefined)?.[key]
    return value !== undefined && value !== null && value !== false
  })
  return declared.map((path) => path.join('.')).join('+')
}

const lists = [
  ['tools', 'name'],
  ['prompts', 'name'],
  ['resources', 'uri'],
  ['resourceTemplates', 'uriTemplate'],
] as const

/** What of a surface is not in the plain one: what it shows only to clients of some kind. */
export function additions(plain: Surface, shown: Surface): Surface {
  const only: Surface = { serverInfo: {}, tools: [], prompts: [], resources: [], resourceTemplates: [] }
  for (const [list, by] of lists) {
    const known = new Set(plain[list].map((item) => item[by]))
    only[list] = shown[list].filter((item) => !known.has(item[by]))
  }
  return only
}

/** What a session may be shown: the plain surface and its kind's additions, as far as it is shown them by now. */
export function standardFor(plain: Surface, added: Surface, shown: Surface): Surface {
  const standard = { ...plain }
  for (const [list, by] of lists) {
    const names = new Set(shown[list].map((item) => item[by]))
    standard[list] = [...plain[list], ...added[list]].filter((item) => names.has(item[by]))
  }
  return standard
}
