import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  addLocal,
  callTool,
  closeWorld,
  hasty,
  launch,
  openWorld,
  processesOf,
  show,
  until,
  untilRunning,
  type World,
} from '../support/runtime-world.ts'

/** Answers nothing any more once it was told to block. */
const blocking = `
import { initialize, serve, text } from './rpc.mjs'
const inputSchema = { type: 'object', properties: {} }
const tools = { block: () => { for (;;); }, pid: () => text(String(process.pid) + Math.random()) }
serve({
  initialize: initialize('blocking', { tools: {} }),
  ping: () => ({}),
  'tools/list': () => ({ tools: Object.keys(tools).map((name) => ({ name, inputSchema })) }),
  'tools/call': (params) => tools[params.name](),
})
`

let world: World

beforeAll(async () => {
  world = await openWorld({
    runtime: { timings: { ...hasty, idleMs: 60_000, pingMs: 1000, pingTimeoutMs: 900 } },
  })
  await addLocal(world, 'shared', { source: blocking, manifest: { isolation: 'shared' } })
  await addLocal(world, 'principal', { source: blocking })
})

afterAll(() => closeWorld(world))

test('a deployment that does not answer pings is degraded, then replaced, and says why', async () => {
  const { id } = await launch(world, 'local/shared')
  const { startedAt } = await untilRunning(world, id)
  const blocked = callTool(world, id, 'block')
  await until(world, id, 'it is degraded', ({ health }) => health === 'degraded' || health === 'unknown')
  expect(await blocked).toBe('error: The server did not answer three pings in a row.')
  const again = await until(
    world,
    id,
    'it runs anew',
    (now) => now.phase === 'running' && now.startedAt !== startedAt,
  )
  expect(again).toMatchObject({ health: 'healthy', restarts: 1 })
  expect(await callTool(world, id, 'pid')).toMatch(/^\d/)
})

test("one person's process that does not answer is replaced; the deployment stays as it is", async () => {
  const { id } = await launch(world, 'local/principal')
  await untilRunning(world, id)
  const before = processesOf(world).length
  expect(await callTool(world, id, 'block')).toBe('error: The server did not answer three pings in a row.')
  expect(await callTool(world, id, 'pid')).toMatch(/^\d/)
  expect(await show(world, id)).toMatchObject({ phase: 'running', restarts: 0 })
  expect(processesOf(world).length).toBeLessThanOrEqual(before * 2)
})
