import { appendFileSync, readdirSync, readFileSync, statSync, truncateSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { api } from '@berth/contracts'
import { startRegistry, type TestRegistry } from '@berth/server/catalog/testing/registry.ts'
import {
  callTool,
  closeWorld,
  command,
  launch,
  openWorld,
  probeSource,
  refusal,
  until,
  untilHeld,
  untilNoProcess,
  untilRunning,
  type World,
} from '../support/runtime-world.ts'

let world: World
let registry: TestRegistry
const before = process.env['npm_config_registry']

beforeAll(async () => {
  registry = await startRegistry()
  process.env['npm_config_registry'] = registry.url
  // Nobody works on jobs, so that nothing is installed before it is launched.
  world = await openWorld({ roles: ['api', 'gateway', 'runner'] })
})

afterAll(async () => {
  if (before === undefined) delete process.env['npm_config_registry']
  else process.env['npm_config_registry'] = before
  await closeWorld(world)
  await registry.close()
})

function publish(name: string, more: Parameters<TestRegistry['publish']>[1] = {}): string {
  const rpc = readFileSync(path.join(import.meta.dirname, '../fixtures/mcp/rpc.mjs'), 'utf8')
  const files = { 'index.mjs': `#!/usr/bin/env node\n${probeSource}`, 'rpc.mjs': rpc }
  return registry.publish({ name, version: '1.0.0', bin: 'index.mjs', files }, more)
}

const add = (name: string, more: { version?: string; integrity?: string } = {}) =>
  world.person.client.call(api.catalog.add, {
    body: { artifact: { kind: 'npm', package: name, ...more }, manifest: { args: [world.marker] } },
  })

test('what is no package, has no program, or has another integrity is refused when it is added', async () => {
  const unknown = await refusal(add('not-there'))
  expect(unknown.detail).toContain('not-there')
  registry.publish({ name: 'library', version: '1.0.0', files: { 'index.js': '' } })
  const library = await refusal(add('library'))
  expect(library.detail).toMatch(/library/)
  publish('altered')
  const integrity = `sha512-${'A'.repeat(86)}==`
  const altered = await refusal(add('altered', { version: '1.0.0', integrity }))
  expect(altered.detail).toMatch(/integrity/)
  for (const { status } of [unknown, library, altered]) expect([404, 409, 422]).toContain(status)
})

test('a registry that is away at the first launch: failed with a sentence; back, start resumes', async () => {
  publish('far-away')
  await add('far-away')
  process.env['npm_config_registry'] = 'http://127.0.0.1:9/'
  const { id } = await launch(world, 'npm/far-away')
  const failed = await until(world, id, 'it failed', ({ phase }) => phase === 'failed', 110_000)
  expect(failed.reason).toMatch(/^The npm registry cannot be reached for far-away@1\.0\.0/)
  process.env['npm_config_registry'] = registry.url
  await command(world, id, 'start')
  await untilRunning(world, id)
  expect(await callTool(world, id, 'kept')).toBe('nothing')
  await command(world, id, 'stop')
})

test('a registry that gives other bytes than it vouched for: nothing of them runs', async () => {
  publish('lying')
  await add('lying')
  const lie = { name: 'lying', version: '1.0.0', bin: 'index.mjs', files: { 'index.mjs': 'process.exit(9)' } }
  registry.publish(lie)
  const { id } = await launch(world, 'npm/lying')
  const failed = await until(world, id, 'it failed', ({ reason }) => reason !== null, 60_000)
  expect(failed.reason).toMatch(/lying@1\.0\.0/)
  expect(failed.reason).not.toContain('exited')
  await command(world, id, 'stop')
})

test('bytes that were changed in the store: vetoed, never started; undone, a restart resumes', async () => {
  publish('stored')
  await add('stored')
  const { id } = await launch(world, 'npm/stored')
  await untilRunning(world, id)
  const file = findFile(path.join(world.server.dataDir, 'artifacts'), path.join('stored', 'index.mjs'))
  const { size } = statSync(file)
  appendFileSync(file, '\n// changed')
  await command(world, id, 'restart')
  const held = await untilHeld(world, id)
  expect(held.holdNotes).toContain('trust:artifact:mismatch')
  expect(held.reason).toContain('index.mjs')
  await untilNoProcess(world)
  truncateSync(file, size)
  await command(world, id, 'restart')
  await untilRunning(world, id)
  await command(world, id, 'stop')
  await untilNoProcess(world)
})

function findFile(folder: string, end: string): string {
  const all = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const found = all.find((name) => name.endsWith(end) && name.includes('node_modules'))
  if (!found) throw new Error(`no ${end} in ${folder}`)
  return path.join(folder, found)
}
