import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { diffSurfaces, surfaceHash } from '../platform/surface.ts'
import { StdioUpstream } from './stdio-upstream.ts'
import { observeSurface } from './surface.ts'
import { spawnFixture } from './test-kit.ts'
import type { Channel } from './types.ts'

const upstreams: StdioUpstream[] = []
afterEach(() => {
  for (const upstream of upstreams.splice(0)) upstream.close()
})

async function launch(channel: Channel): Promise<StdioUpstream> {
  const upstream = new StdioUpstream(channel, { isolation: 'session' })
  upstreams.push(upstream)
  await upstream.initialize(null)
  return upstream
}

/** A server that lists what it is given, a few to a page. */
class ListingServer implements Channel {
  private listener: (line: string) => void = () => {}
  private readonly tools: unknown[]
  private readonly pageSize: number
  constructor(tools: unknown[], pageSize: number) {
    this.tools = tools
    this.pageSize = pageSize
  }
  send(line: string): void {
    const { id, method, params } = JSON.parse(line)
    if (id === undefined) return
    const start = Number(params?.cursor ?? 0)
    const end = start + this.pageSize
    const page = {
      tools: this.tools.slice(start, end),
      ...(end < this.tools.length ? { nextCursor: String(end) } : {}),
    }
    const hello = { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'n' } }
    const result = method === 'initialize' ? hello : page
    queueMicrotask(() => this.listener(JSON.stringify({ jsonrpc: '2.0', id, result })))
  }
  onMessage(listener: (line: string) => void): void {
    this.listener = listener
  }
  onClose(): void {}
  close(): void {}
}

const tool = fc.record({
  name: fc.string(),
  description: fc.string(),
  inputSchema: fc.constant({ type: 'object' }),
})

describe('the surface of a server', () => {
  it('is everything it lists', async () => {
    const surface = await observeSurface(await launch(spawnFixture('everything.mjs')))
    expect(surface.tools.length).toBeGreaterThan(15)
    expect(surface.tools.map(({ name }) => name)).toContain('test_simple_text')
    expect(
      [surface.prompts, surface.resources, surface.resourceTemplates].map(({ length }) => length),
    ).toEqual([4, 3, 1])
    expect(surface.serverInfo).toEqual({ name: 'berth-everything', version: '1.0.0' })
  })

  it('has the same hash in whatever order and pages it is listed', async () => {
    const shuffled = fc
      .uniqueArray(tool, { selector: ({ name }) => name, maxLength: 12 })
      .chain((tools) =>
        fc.tuple(
          fc.constant(tools),
          fc.shuffledSubarray(tools, { minLength: tools.length }),
          fc.integer({ min: 1, max: 5 }),
        ),
      )
    await fc.assert(
      fc.asyncProperty(shuffled, async ([tools, others, pageSize]) => {
        const one = await observeSurface(await launch(new ListingServer(tools, 100)))
        const two = await observeSurface(await launch(new ListingServer(others, pageSize)))
        expect(surfaceHash(two)).toBe(surfaceHash(one))
        expect(diffSurfaces(one, two)).toEqual([])
      }),
      { numRuns: 50 },
    )
  })

  it('changes with one character of a description, seen in a session by list_changed', async () => {
    const upstream = await launch(
      spawnFixture('misbehaving.mjs', ['drift'], { FIXTURE_DESCRIPTION: 'Adds two numbers.' }),
    )
    const before = await observeSurface(upstream)
    expect(surfaceHash(await observeSurface(upstream))).toBe(surfaceHash(before))
    await upstream.ask('tools/call', { name: 'drift', arguments: { description: 'Adds two numbers!' } }, 5000)
    const after = await observeSurface(upstream)
    expect(surfaceHash(after)).not.toBe(surfaceHash(before))
    expect(diffSurfaces(before, after)).toEqual([
      {
        kind: 'tool',
        name: 'run',
        change: 'changed',
        fields: [{ path: '/description', before: 'Adds two numbers.', after: 'Adds two numbers!' }],
      },
    ])
  })

  it('is bounded: pages without end, lists without bounds, lists that are none', async () => {
    const tools = Array.from({ length: 50 }, (_, at) => ({ name: `t${at}`, description: 'x'.repeat(1000) }))
    const many = await launch(new ListingServer(tools, 1))
    await expect(observeSurface(many, { maxPages: 10 })).rejects.toThrow('more than 10 pages')
    await expect(observeSurface(many, { maxLength: 10_000 })).rejects.toThrow('more than is accepted')
    await expect(observeSurface(await launch(new ListingServer([5], 1)))).rejects.toThrow(
      'without a list of tools',
    )
  })
})
