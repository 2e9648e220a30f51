import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { api } from '@berth/contracts'
import { detectCapabilities } from '@berth/server/runtime/sandbox/capabilities.ts'
import {
  addLocal,
  addPerson,
  callTool,
  closeWorld,
  command,
  connect,
  launch,
  openWorld,
  probeSource,
  processesOf,
  show,
  until,
  untilHeld,
  untilNoProcess,
  untilRunning,
  type World,
} from '../support/runtime-world.ts'
import { eventually } from '../support/eventually.ts'

async function workspaceIn(world: World, tier: string): Promise<string> {
  const { id } = await world.person.client.call(api.workspaces.create, {
    params: { organizationId: world.organizationId },
    body: { name: tier, tier },
  })
  return id
}

/** Programs of one world that are servers, not their sandboxes. */
const pids = (...answers: string[]) => new Set(answers).size

describe('isolation', () => {
  let world: World

  beforeAll(async () => {
    world = await openWorld()
    for (const isolation of ['principal', 'shared', 'session'] as const) {
      await addLocal(world, isolation, { source: probeSource, manifest: { isolation } })
    }
  })
  afterAll(() => closeWorld(world))

  test('principal: each person has a process and files of their own; a client that is asked back has its own', async () => {
    const other = await addPerson(world)
    const { id, mcpUrl } = await launch(world, 'local/principal')
    await untilRunning(world, id)
    const mine = await connect(world, mcpUrl)
    const mineToo = await connect(world, mcpUrl)
    const theirs = await connect(world, mcpUrl, { person: other })
    const asked = await connect(world, mcpUrl, { capabilities: { sampling: {} } })
    const answers = [await mine.call('pid'), await theirs.call('pid'), await asked.call('pid')]
    expect(pids(...answers)).toBe(3)
    expect(await mineToo.call('pid')).toBe(answers[0])
    await mine.call('keep', { value: 'secret' })
    expect(await mineToo.call('kept')).toBe('secret')
    expect(await theirs.call('kept')).toBe('nothing')
    expect(await asked.call('kept')).toBe('nothing')

    // What nobody uses any more ends; the process that stands for the deployment stays.
    const full = processesOf(world).length
    for (const { client } of [mine, mineToo, theirs, asked]) {
      await (client.transport as { terminateSession?(): Promise<void> }).terminateSession?.()
      await client.close()
    }
    await eventually('idle processes end', async () => (processesOf(world).length <= full / 4 ? true : null))
    expect(await show(world, id)).toMatchObject({ phase: 'running', health: 'healthy' })
    const again = await connect(world, mcpUrl)
    expect(await again.call('kept')).toBe('secret')
    await command(world, id, 'stop')
    await untilNoProcess(world)
  })

  test('shared: one process for everybody; session: one for each session', async () => {
    const other = await addPerson(world)
    const shared = await launch(world, 'local/shared')
    const own = await launch(world, 'local/session')
    await untilRunning(world, shared.id)
    await untilRunning(world, own.id)
    const inShared = [
      await connect(world, shared.mcpUrl),
      await connect(world, shared.mcpUrl, { person: other }),
    ]
    expect(pids(...(await Promise.all(inShared.map((session) => session.call('pid')))))).toBe(1)
    const inOwn = [await connect(world, own.mcpUrl), await connect(world, own.mcpUrl)]
    expect(pids(...(await Promise.all(inOwn.map((session) => session.call('pid')))))).toBe(2)
    await inOwn[0]!.call('keep', { value: 'secret' })
    expect(await inOwn[1]!.call('kept')).toBe('nothing')
    await command(world, shared.id, 'stop')
    await command(world, own.id, 'stop')
    await untilNoProcess(world)
  })
})

describe('egress', () => {
  /** Of the loopback range, but not the sandbox's own address, which no proxy is asked for. */
  const host = '127.0.0.2'
  let world: World
  let site: Server
  let port: number

  beforeAll(async () => {
    site = createServer((_request, response) => response.end('the page'))
    await new Promise<void>((resolve) => site.listen(0, host, resolve))
    port = (site.address() as AddressInfo).port
    world = await openWorld()
  })
  afterAll(async () => {
    await closeWorld(world)
    await new Promise((resolve) => site.close(resolve))
  })

  test('a declared host is reached by plain fetch; another is refused by its name; undeclared, there is no network', async () => {
    await addLocal(world, 'reaching', { source: probeSource, manifest: { egress: [`${host}:${port}`] } })
    await addLocal(world, 'closed', { source: probeSource })
    const reaching = await launch(world, 'local/reaching')
    const closed = await launch(world, 'local/closed')
    expect((await untilRunning(world, reaching.id)).enforcement?.network).toBe('allow-list')
    expect((await untilRunning(world, closed.id)).enforcement?.network).toBe('closed')
    const fetching = (id: string, url: string) => callTool(world, id, 'fetch', { arguments: { url } })
    expect(await fetching(reaching.id, `http://${host}:${port}/`)).toBe('the page')
    expect(await fetching(closed.id, `http://${host}:${port}/`)).toMatch(/^failed: /)
    expect(await fetching(reaching.id, `http://elsewhere.example:${port}/`)).toContain('elsewhere.example')
  })
})

describe('tiers', () => {
  test('one that does not run folders refuses them; edited while it runs, it is decided anew', async () => {
    const world = await openWorld()
    try {
      await addLocal(world, 'probe', { source: probeSource })
      const workspaceId = await workspaceIn(world, 'standard')
      const { id } = await launch(world, 'local/probe', { workspaceId })
      const held = await untilHeld(world, id)
      expect(held).toMatchObject({ hold: 'pending-capacity' })
      expect(held.holdNotes).toContain('capability:local:tier')
      expect(held.reason).toContain('does not run servers from folders')
      // Observing the release may take a moment longer.
      await eventually('nothing of it runs', async () => (processesOf(world).length === 0 ? true : null))

      const edit = (allowLocal: boolean) =>
        world.person.client.call(api.tiers.update, { params: { code: 'standard' }, body: { allowLocal } })
      await edit(true)
      await untilRunning(world, id)
      const session = await connect(world, (await show(world, id)).mcpUrl)
      await edit(false)
      const again = await untilHeld(world, id)
      expect(again.holdNotes).toContain('capability:local:tier')
      await expect(session.call('pid')).rejects.toThrow('does not run servers from folders')
      await untilNoProcess(world)
    } finally {
      await closeWorld(world)
    }
  })

  test('without bubblewrap: one that requires a sandbox holds, one that prefers it runs and says so', async () => {
    const detect = async () => {
      const found = await detectCapabilities()
      const findings = found.findings.map((finding) =>
        finding.subject === 'sandbox'
          ? { ...finding, level: 'missing' as const, sentence: 'bubblewrap is not installed.' }
          : finding,
      )
      return { ...found, bubblewrap: null, findings }
    }
    const world = await openWorld({ runtime: { detect } })
    try {
      await addLocal(world, 'probe', { source: probeSource })
      await world.person.client.call(api.tiers.create, {
        body: { code: 'strict', name: 'Strict', sandbox: 'required', allowLocal: true },
      })
      const workspaceId = await workspaceIn(world, 'strict')
      const strict = await launch(world, 'local/probe', { workspaceId })
      const held = await untilHeld(world, strict.id)
      expect(held.holdNotes).toContain('capability:sandbox:missing')
      expect(held.reason).toContain('requires a sandbox. bubblewrap is not installed.')

      const { id } = await launch(world, 'local/probe')
      const running = await untilRunning(world, id)
      expect(running.enforcement).toMatchObject({ sandbox: 'none', network: 'open', seccomp: false })
      expect(await callTool(world, id, 'env', { arguments: { name: 'HOME' } })).not.toBe(process.env['HOME'])
      await world.person.client.call(api.tiers.update, {
        params: { code: 'community' },
        body: { sandbox: 'required' },
      })
      await untilHeld(world, id)
      await untilNoProcess(world)
      await until(world, strict.id, 'it is still held', ({ hold }) => hold === 'pending-capacity')
    } finally {
      await closeWorld(world)
    }
  })
})
