import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { api } from '@berth/contracts'
import {
  addLocal,
  callTool,
  closeWorld,
  command,
  connect,
  launch,
  openWorld,
  probeSource,
  processesOf,
  refusal,
  show,
  until,
  untilNoProcess,
  untilRunning,
  type World,
} from '../support/runtime-world.ts'
import { eventually } from '../support/eventually.ts'

let world: World

beforeAll(async () => {
  world = await openWorld()
  const configSchema = { type: 'object', properties: { greeting: { type: 'string', default: 'hello' } } }
  const manifest = { env: { GREETING: '{greeting}' }, configSchema }
  await addLocal(world, 'probe', { source: probeSource, manifest })
})

afterAll(() => closeWorld(world))

const at = (id: string) => ({ params: { organizationId: world.organizationId, deploymentId: id } })

async function running(name: string): Promise<string> {
  const { id } = await launch(world, 'local/probe', { name })
  await untilRunning(world, id)
  return id
}

test('restart: open sessions end with a sentence, new processes serve, /data is as it was', async () => {
  const id = await running('restarted')
  const { mcpUrl, startedAt } = await show(world, id)
  const session = await connect(world, mcpUrl)
  const before = await session.call('pid')
  await session.call('keep', { value: 'mine' })
  await command(world, id, 'restart')
  await eventually('the old session ends', async () => {
    const answer = await session.call('pid').catch((error: Error) => error)
    return answer instanceof Error ? answer : null
  })
  await until(world, id, 'it runs anew', (now) => now.phase === 'running' && now.startedAt !== startedAt)
  const again = await connect(world, mcpUrl)
  expect(await again.call('pid')).not.toBe(before)
  expect(await again.call('kept')).toBe('mine')
  await command(world, id, 'stop')
  await untilNoProcess(world)
})

test('stop: a call under way ends at once with why, the session is refused, no process is left; start resumes', async () => {
  await addLocal(world, 'hang-on-call')
  const { id, mcpUrl } = await launch(world, 'local/hang-on-call')
  await untilRunning(world, id)
  const session = await connect(world, mcpUrl)
  const hanging = session.call('run').catch((error: Error) => error.message)
  await eventually('the call arrived', async () => (processesOf(world).length >= 2 ? true : null))
  await command(world, id, 'stop')
  expect(await hanging).toContain('The deployment was stopped.')
  await expect(session.call('run')).rejects.toThrow(/The deployment (is|was) stopped\./)
  await untilNoProcess(world)
  await until(world, id, 'it is stopped', ({ phase, health }) => phase === 'stopped' && health === 'unknown')
  await command(world, id, 'start')
  await untilRunning(world, id)
  await command(world, id, 'stop')
  await untilNoProcess(world)
})

test('update: another config means new processes with it; a limit that is out of range is refused', async () => {
  const id = await running('updated')
  expect(await callTool(world, id, 'env', { arguments: { name: 'GREETING' } })).toBe('hello')
  const update = (body: Record<string, unknown>) =>
    world.person.client.call(api.deployments.update, { ...at(id), body })
  const broken = await refusal(update({ config: { greeting: 3 } }))
  expect(broken.code).toBe('invalid_config')
  const { settingsVersion } = await show(world, id)
  await update({ config: { greeting: 'good day' }, expectedVersion: settingsVersion })
  const stale = await refusal(update({ config: { greeting: 'hi' }, expectedVersion: settingsVersion }))
  expect(stale).toMatchObject({ code: 'version_conflict', status: 409 })
  expect(stale.detail).toContain(`rests on version ${settingsVersion}`)
  await eventually('the new config is in force', async () => {
    const answer = await callTool(world, id, 'env', { arguments: { name: 'GREETING' } })
    return answer === 'good day' ? true : null
  })
  const moved = await show(world, id)
  expect(moved.rowVersion, 'its state moved on').toBeGreaterThan(moved.settingsVersion)
  expect(moved.settingsVersion, 'its settings did not').toBe(settingsVersion + 1)
  await update({ limits: { memoryMb: 300 }, expectedVersion: moved.settingsVersion })
  await command(world, id, 'stop')
})

test('rename: the old name still leads there, can be had back, and nothing restarts', async () => {
  const id = await running('first-name')
  const { mcpUrl } = await show(world, id)
  const before = await callTool(world, id, 'pid')
  const rename = (name: string) =>
    world.person.client.call(api.deployments.update, { ...at(id), body: { name } })
  const renamed = await rename('second-name')
  expect(renamed.mcpUrl).toBe(mcpUrl.replace('first-name', 'second-name'))
  for (const url of [mcpUrl, renamed.mcpUrl]) {
    expect(await (await connect(world, url)).call('pid')).toBe(before)
  }
  const taken = await refusal(launch(world, 'local/probe', { name: 'first-name' }))
  expect(taken).toMatchObject({
    code: 'duplicate',
    detail: expect.stringContaining('an earlier name of the deployment "second-name"'),
    errors: [{ path: 'name' }],
  })
  expect((await rename('first-name')).mcpUrl).toBe(mcpUrl)
  await command(world, id, 'stop')
})

test('remove: processes, files and log are gone; the name is free again', async () => {
  const id = await running('removed')
  await callTool(world, id, 'keep', { arguments: { value: 'mine' } })
  const state = path.join(world.server.dataDir, 'state', id)
  const log = path.join(world.server.dataDir, 'logs', id)
  expect(readdirSync(state).length).toBeGreaterThan(0)
  expect(existsSync(log)).toBe(true)
  await world.person.client.call(api.deployments.remove, at(id))
  expect((await refusal(show(world, id))).status).toBe(404)
  await untilNoProcess(world)
  await eventually('the files are gone', async () => (existsSync(state) || existsSync(log) ? null : true))
  const again = await running('removed')
  expect(await callTool(world, again, 'kept')).toBe('nothing')
  await command(world, again, 'stop')
})

test('remove of what is stopped, and of what never ran, leaves nothing either', async () => {
  const id = await running('stopped-first')
  await command(world, id, 'stop')
  await until(world, id, 'it is stopped', ({ phase }) => phase === 'stopped')
  await world.person.client.call(api.deployments.remove, at(id))
  const state = path.join(world.server.dataDir, 'state', id)
  await eventually('the files are gone', async () => (existsSync(state) ? null : true))
  const { id: young } = await launch(world, 'local/probe', { name: 'young' })
  await world.person.client.call(api.deployments.remove, at(young))
  expect((await refusal(show(world, young))).status).toBe(404)
  await untilNoProcess(world)
  const { db } = world.server.berth.platform
  await eventually('no runner keeps it', async () => {
    const rows = await db
      .selectFrom('deployments')
      .select(['id', 'phase', 'runnerId'])
      .where('id', 'in', [id, young])
      .execute()
    return rows.every(({ phase, runnerId }) => phase === 'absent' && runnerId === null) ? true : null
  })
})

test('an archived workspace runs nothing and keeps everything; restored, it goes on', async () => {
  const id = await running('archived')
  await callTool(world, id, 'keep', { arguments: { value: 'mine' } })
  const params = { organizationId: world.organizationId, workspaceId: world.workspaceId }
  await world.person.client.call(api.workspaces.archive, { params })
  const down = await until(world, id, 'it is down', ({ phase }) => phase === 'stopped')
  expect(down).toMatchObject({ desired: 'running', reason: 'The workspace is archived.' })
  await untilNoProcess(world)
  expect((await refusal(command(world, id, 'start'))).detail).toContain('restore it first')
  expect((await refusal(launch(world, 'local/probe'))).code).toBe('invalid_state')
  // Nobody touches it meanwhile: its version stands.
  const { rowVersion } = await show(world, id)
  await new Promise((resolve) => setTimeout(resolve, 1500))
  expect((await show(world, id)).rowVersion).toBe(rowVersion)
  await world.person.client.call(api.workspaces.restore, { params })
  await untilRunning(world, id)
  expect(await callTool(world, id, 'kept')).toBe('mine')
  await command(world, id, 'stop')
})
