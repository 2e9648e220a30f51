import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { platformOrganizationId, type Surface } from '@berth/contracts'
import { createRun } from '../runs/service.ts'
import {
  changeReleaseState,
  ensureArtifact,
  getRelease,
  getSurface,
  markObservationFailed,
  observeAgain,
  recordSurface,
  resolveRelease,
  seedCatalog,
  verifyArtifact,
  type OpenEvaluation,
} from './service.ts'
import { findServer, listServers } from './store.ts'
import { openCatalogKit, program, type CatalogKit } from './testing/kit.ts'

vi.setConfig({ testTimeout: 120_000 }) // npm is slow on a busy machine

let kit: CatalogKit
beforeAll(async () => {
  kit = await openCatalogKit()
})
afterAll(() => kit.close())

describe('adding', () => {
  test('from npm makes a server and an immutable release, and tells the platform', async () => {
    const integrity = kit.registry.publish(program('@acme/weather', { description: 'Tells the weather' }))
    const release = await kit.addNpm('@acme/weather')
    expect(release).toMatchObject({
      server: 'npm/acme-weather',
      version: '1.0.0',
      state: 'admitted',
      artifact: { kind: 'npm', package: '@acme/weather', version: '1.0.0', integrity, bin: null },
      digest: null,
      observation: 'pending',
      surfaceHash: null,
      manifest: { title: '@acme/weather', description: 'Tells the weather', isolation: 'principal' },
    })
    expect(await kit.events(platformOrganizationId, 'server.added')).toContainEqual({
      serverId: release.serverId,
      server: 'npm/acme-weather',
    })
    expect(await kit.events(platformOrganizationId, 'release.added')).toContainEqual({
      releaseId: release.id,
      server: 'npm/acme-weather',
      version: '1.0.0',
      artifact: release.artifact,
    })
    for (const change of ["version = '2'", "artifact = '{}'", "manifest = '{}'"]) {
      const update = kit.platform.pool.query(`update releases set ${change} where id = $1`, [release.id])
      await expect(update).rejects.toThrow('is immutable')
    }
  })

  test('a newer version adds a release to the same server; the same one again is refused', async () => {
    const first = await kit.published(program('growing'))
    const second = await kit.published(program('growing', { version: '1.1.0' }))
    expect(second).toMatchObject({ serverId: first.serverId, version: '1.1.0' })
    await expect(kit.addNpm('growing')).rejects.toMatchObject({
      code: 'duplicate',
      message: 'npm/growing 1.1.0 is in the catalog already, with the same bytes and manifest.',
    })
    const repackaged = await kit.addNpm('growing', { manifest: { args: ['--stdio'] } })
    expect(repackaged.version).toBe('1.1.0+2')
    expect((await resolveRelease(kit.platform.db, 'npm/growing')).id).toBe(repackaged.id)
  })

  test('names are given or made, never shared by two artifacts', async () => {
    kit.registry.publish(program('a.b'))
    kit.registry.publish(program('a-b'))
    expect((await kit.addNpm('a.b')).server).toBe('npm/a-b')
    expect((await kit.addNpm('a-b')).server).toBe('npm/a-b-2')
    await expect(kit.addNpm('a-b', { name: 'a-b' })).rejects.toMatchObject({
      code: 'duplicate',
      message: 'The name npm/a-b belongs to npm a.b; choose another.',
    })
    expect((await kit.addNpm('a-b', { name: 'chosen', manifest: { args: ['x'] } })).server).toBe('npm/chosen')
  })

  test('by many at once leaves one', async () => {
    const tries = await Promise.allSettled(Array.from({ length: 4 }, () => kit.published(program('race'))))
    expect(tries.map((one) => one.status).toSorted()).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'rejected',
    ])
    expect((await findServer(kit.platform.db, 'npm', 'race'))?.name).toBe('npm/race')
  })

  test('a package without an executable or with a broken schema is refused before anything is written', async () => {
    await expect(kit.published(program('library', { bin: undefined }))).rejects.toMatchObject({
      code: 'artifact_unavailable',
      message: expect.stringContaining('has no executable'),
    })
    kit.registry.publish(program('schemed'))
    await expect(
      kit.addNpm('schemed', {
        manifest: { configSchema: { type: 'object', properties: { a: { type: 'no' } } } },
      }),
    ).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('not a usable JSON Schema'),
    })
    expect(await findServer(kit.platform.db, 'npm', 'library')).toBeNull()
    expect(await findServer(kit.platform.db, 'npm', 'schemed')).toBeNull()
  })

  test('a remote server is https, or http on loopback, without credentials', async () => {
    const remote = (url: string) => kit.add({ artifact: { kind: 'remote', url } })
    const release = await remote('https://MCP.example.com:443/mcp#part')
    expect(release).toMatchObject({
      server: 'remote/mcp-example-com',
      version: '1.0.0',
      artifact: { kind: 'remote', url: 'https://mcp.example.com/mcp' },
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    })
    expect((await remote('http://[::1]:9/mcp')).server).toBe('remote/1')
    expect((await remote('http://127.0.0.1:9/mcp')).digest).not.toBe(release.digest)
    await expect(remote('http://mcp.example.com/')).rejects.toMatchObject({ code: 'invalid_input' })
    await expect(remote('http://127.0.0.1.example.com/')).rejects.toMatchObject({ code: 'invalid_input' })
    await expect(remote('https://user:secret@example.com/')).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.not.stringContaining('secret@'),
    })
    const artifact = await ensureArtifact(kit.platform, release.id)
    expect(artifact).toMatchObject({ root: null, mounts: [], command: [], digest: release.digest })
    expect(await verifyArtifact(kit.platform, artifact)).toMatchObject({ ok: true })
  })
})

const surface = (name: string): Surface => ({
  serverInfo: { name: 'x' },
  tools: [{ name }],
  prompts: [],
  resources: [],
  resourceTemplates: [],
})
const hashOf = (digit: string) => `sha256:${digit.repeat(64)}`
const openEvaluation: OpenEvaluation = async (tx, releaseId) =>
  (await createRun(tx, { organizationId: platformOrganizationId, kind: 'evaluation', releaseId })).id

describe('the surface of a release', () => {
  test('is the first one recorded, for each profile', async () => {
    const { id } = await kit.published(program('surfaced'))
    const record = (profile: string, name: string, digit: string) =>
      kit.change((tx) => recordSurface(tx, id, profile, surface(name), hashOf(digit)))
    const all = await Promise.all(
      ['1', '2', '3', '4'].map((digit) => record('default', `tool${digit}`, digit)),
    )
    expect(new Set(all.map((one) => one.hash)).size).toBe(1)
    expect(await getSurface(kit.platform.db, id, 'default')).toEqual(all[0])
    expect(await record('other', 'tool9', '9')).toEqual({ surface: surface('tool9'), hash: hashOf('9') })
    expect(await getRelease(kit.platform.db, id)).toMatchObject({
      observation: 'observed',
      surfaceHash: all[0]!.hash,
    })
    await kit.change((tx) => markObservationFailed(tx, id, 'too late'))
    expect(await getRelease(kit.platform.db, id)).toMatchObject({
      observation: 'observed',
      observationReason: null,
    })
  })

  test('that could not be observed can be tried again, by a run with its job', async () => {
    const { id } = await kit.published(program('unobserved'))
    await kit.change((tx) => markObservationFailed(tx, id, 'It exited with code 1.'))
    expect(await getRelease(kit.platform.db, id)).toMatchObject({
      observation: 'failed',
      observationReason: 'It exited with code 1.',
    })
    const runId = await kit.change((tx) => observeAgain(tx, id, openEvaluation))
    expect((await getRelease(kit.platform.db, id)).observation).toBe('pending')
    const { rows } = await kit.platform.pool.query<{ data: unknown }>(
      `select data from pgboss.job where name = 'catalog.observe'`,
    )
    expect(rows.map((row) => row.data)).toContainEqual({ releaseId: id, runId })
  })
})

describe('a release is launched', () => {
  const act = (id: string, action: 'yank' | 'readmit' | 'block') =>
    kit.change((tx) => changeReleaseState(tx, id, { action, reason: 'why' }))
  const resolve = (name: string, version?: string) => resolveRelease(kit.platform.db, name, version)

  test('unless it was yanked or blocked; then the next newest is', async () => {
    const old = await kit.published(program('stated', { version: '1.9.0' }))
    const recent = await kit.published(program('stated', { version: '1.10.0' }))
    expect((await resolve('npm/stated')).id).toBe(recent.id)
    expect(await act(recent.id, 'yank')).toMatchObject({ state: 'yanked' })
    expect((await resolve('npm/stated')).id).toBe(old.id)
    await expect(resolve('npm/stated', '1.10.0')).rejects.toMatchObject({
      code: 'invalid_state',
      message: 'npm/stated 1.10.0 is yanked: it may not be launched anew.',
    })
    await act(recent.id, 'readmit')
    expect((await resolve('npm/stated', '1.10.0')).id).toBe(recent.id)
    await act(recent.id, 'block')
    await act(old.id, 'yank')
    await expect(act(recent.id, 'readmit')).rejects.toMatchObject({
      code: 'invalid_state',
      message: 'Only a yanked release can be admitted again. It is blocked.',
    })
    await expect(resolve('npm/stated')).rejects.toMatchObject({
      message: 'npm/stated has no release that may be launched; all are yanked or blocked.',
    })
    const told = await kit.events(platformOrganizationId, 'release.state_changed')
    expect(told.map((event) => event['current'])).toEqual(['yanked', 'admitted', 'blocked', 'yanked'])
  })

  test('or names what there is', async () => {
    await kit.published(program('forecast'))
    await expect(resolve('npm/forcast')).rejects.toMatchObject({
      code: 'not_found',
      message: 'There is no server "npm/forcast" in the catalog. Did you mean npm/forecast?',
    })
    await expect(resolve('npm/forecast', '2.0.0')).rejects.toMatchObject({
      code: 'not_found',
      message: 'npm/forecast has no release 2.0.0; the catalog has 1.0.0.',
    })
  })
})

test('the catalog lists by name, in pages, and is searched by name, title and description', async () => {
  const list = (search: string | null, after: string | null = null, limit = 100) =>
    listServers(kit.platform.db, { search: search ?? undefined, after, limit })
  kit.registry.publish(program('zz-list', { description: 'Finds 100%_of_needles' }))
  await kit.addNpm('zz-list', { title: 'Haystack' })
  const all = (await list(null)).map((one) => one.name)
  expect(all).toEqual(all.toSorted())
  const pages: string[] = []
  for (let after: string | null = null; ; after = pages.at(-1)!) {
    const page = await list(null, after, 3)
    if (page.length === 0) break
    pages.push(...page.map((one) => one.name))
  }
  expect(pages).toEqual(all)
  for (const search of ['npm/zz-l', 'haySTACK', '100%_of']) {
    expect((await list(search)).map((one) => one.name)).toEqual(['npm/zz-list'])
  }
  expect(await list('100__of')).toEqual([])
  expect((await list('haystack'))[0]!.latestRelease?.version).toBe('1.0.0')
})

test('the bundled servers are put there once, by however many processes', async () => {
  const added = await Promise.all([
    seedCatalog(kit.platform),
    seedCatalog(kit.platform),
    seedCatalog(kit.platform),
  ])
  expect(added.flat()).toHaveLength(4)
  expect(await seedCatalog(kit.platform)).toEqual([])
  const names = ['everything', 'filesystem', 'memory', 'sequential-thinking']
  for (const name of names) {
    const release = await resolveRelease(kit.platform.db, `reference/${name}`)
    expect(release.artifact).toMatchObject({ kind: 'npm', package: `@modelcontextprotocol/server-${name}` })
  }
})
