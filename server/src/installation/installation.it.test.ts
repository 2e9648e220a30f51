import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { api, platformOrganizationId } from '@berth/contracts'
import { newId } from '../platform/ids.ts'
import {
  seedDeployment,
  seedRunner,
  signUp,
  startTestServer,
  type TestPerson,
  type TestServer,
} from '../platform/testing/index.ts'

let server: TestServer
let operator: TestPerson
let owner: TestPerson
beforeAll(async () => {
  server = await startTestServer({ roles: ['api', 'worker'] })
  operator = await signUp(server, { name: 'Olga Operator' })
  owner = await signUp(server, { name: 'Oscar Owner' })
})
afterAll(() => server?.close())

const found = (name: string) => owner.client.call(api.organizations.create, { body: { name } })
const list = (query: { search?: string; state?: 'active' | 'suspended'; limit?: number; cursor?: string }) =>
  operator.client.call(api.operator.listOrganizations, { query })
const codeOf = (sending: Promise<unknown>) =>
  sending.then(
    () => 'done',
    (error: { problem?: { code: string } }) => error.problem?.code,
  )

describe('the organizations of an installation', () => {
  test('are listed with their sizes, whoever they belong to, and the platform’s own is none of them', async () => {
    const { id } = await found('Counted')
    const params = { organizationId: id }
    const { email } = await signUp(server)
    await owner.client.call(api.organizations.addMember, { params, body: { email, role: 'auditor' } })
    const { db } = server.berth.platform
    const first = await seedDeployment(db, { organizationId: id })
    await db.updateTable('deployments').set({ phase: 'running' }).where('id', '=', first.id).execute()
    await seedDeployment(db, { organizationId: id })
    const gone = await seedDeployment(db, { organizationId: id })
    await db.updateTable('deployments').set({ deletedAt: new Date() }).where('id', '=', gone.id).execute()
    await db.updateTable('workspaces').set({ state: 'archived' }).where('id', '=', gone.workspaceId).execute()
    const { items } = await list({ search: 'count' })
    expect(items).toMatchObject([{ id, members: 2, workspaces: 2, deployments: 2, running: 1 }])
    expect((await list({})).items.map((one) => one.id)).not.toContain(platformOrganizationId)
    const detail = await operator.client.call(api.operator.getOrganization, {
      params: { organizationId: 'counted' },
    })
    expect(detail).toMatchObject({ id, members: 2, owners: [{ name: 'Oscar Owner', email: owner.email }] })
  })

  test('come in pages that leave none out, and a search takes its text as it stands', async () => {
    const made = []
    for (const name of ['Page one', 'Page two', 'Page 100%']) made.push((await found(name)).id)
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await list({ search: 'Page', limit: 2, ...(cursor ? { cursor } : {}) })
      seen.push(...page.items.map((one) => one.id))
      cursor = page.nextCursor ?? undefined
    } while (cursor)
    expect(seen).toEqual(made.toReversed())
    expect((await list({ search: '100%' })).items.map((one) => one.id)).toEqual([made[2]])
    expect((await list({ search: '%' })).items.map((one) => one.id)).toEqual([made[2]])
    expect((await list({ search: made[0]! })).items.map((one) => one.id)).toEqual([made[0]])
  })

  test('are suspended and resumed by an operator alone, who says why; both logs have it', async () => {
    const { id } = await found('Halted')
    const params = { organizationId: 'halted' }
    const body = { reason: 'Invoices unpaid' }
    expect(await codeOf(owner.client.call(api.operator.suspendOrganization, { params, body }))).toBe(
      'forbidden',
    )
    expect(
      await codeOf(operator.client.call(api.operator.suspendOrganization, { params, body: { reason: ' ' } })),
    ).toBe('invalid_input')
    const suspended = await operator.client.call(api.operator.suspendOrganization, { params, body })
    expect(suspended).toMatchObject({ id, state: 'suspended', stateReason: 'Invoices unpaid' })
    expect((await list({ state: 'suspended' })).items.map((one) => one.id)).toEqual([id])
    const change = { params: { organizationId: id }, body: { name: 'Changed' } }
    expect(await codeOf(owner.client.call(api.workspaces.create, change))).toBe('forbidden')
    expect(await codeOf(operator.client.call(api.operator.suspendOrganization, { params, body }))).toBe(
      'invalid_state',
    )
    const resumed = await operator.client.call(api.operator.resumeOrganization, { params })
    expect(resumed).toMatchObject({ state: 'active', stateReason: null })
    expect(await codeOf(owner.client.call(api.workspaces.create, change))).toBe('done')
    const logs = await server.berth.platform.db
      .selectFrom('events')
      .select(['organizationId', 'type'])
      .where('type', 'like', '%organization%ed')
      .where('organizationId', 'in', [id, platformOrganizationId])
      .where('type', '!=', 'organization.created')
      .orderBy('type')
      .execute()
    expect(logs.map((one) => [one.organizationId === id ? 'its own' : 'the platform', one.type])).toEqual([
      ['the platform', 'operator.organization_resumed'],
      ['the platform', 'operator.organization_suspended'],
      ['its own', 'organization.resumed'],
      ['its own', 'organization.suspended'],
    ])
  })

  test('that are not there, or the platform’s own, are not found', async () => {
    for (const organizationId of ['nowhere', newId('organization'), platformOrganizationId, 'platform'])
      expect(
        await codeOf(operator.client.call(api.operator.getOrganization, { params: { organizationId } })),
      ).toBe('not_found')
  })
})

test('runners are listed with what they run; one that fell silent is called so', async () => {
  const { db } = server.berth.platform
  const busy = await seedRunner(db)
  const silent = await seedRunner(db, { aliveUntil: new Date(Date.now() - 1000) })
  await seedRunner(db, { aliveUntil: new Date(Date.now() - 7200_000) })
  const deployment = await seedDeployment(db, { runnerId: busy })
  for (const state of ['ready', 'gone'] as const)
    await db
      .insertInto('instances')
      .values({
        id: newId('instance'),
        organizationId: deployment.organizationId,
        deploymentId: deployment.id,
        runnerId: busy,
        generation: 1,
        isolationKey: 'sentinel',
        state,
        startedAt: new Date(),
      })
      .execute()
  const { items } = await operator.client.call(api.operator.listRunners, {})
  const own = items.find((one) => one.roles.includes('api'))
  expect(own).toMatchObject({ state: 'alive', version: expect.stringMatching(/^\d+\.\d+/) })
  expect(items.find((one) => one.id === busy)).toMatchObject({ state: 'alive', deployments: 1, instances: 1 })
  expect(items.map((one) => one.state)).toEqual(['alive', 'alive', 'silent'])
  expect(items[2]!.id).toBe(silent)
  await db.deleteFrom('runners').where('id', 'in', [busy, silent]).execute()
})

test('a process that was stopped has not fallen silent: it is listed no more', async () => {
  const other = await startTestServer({ beside: server, roles: ['worker'] })
  const listed = async () => (await operator.client.call(api.operator.listRunners, {})).items
  expect((await listed()).map(({ state }) => state)).toEqual(['alive', 'alive'])
  await other.close()
  expect((await listed()).map(({ state }) => state)).toEqual(['alive'])
})

describe('the health of an installation', () => {
  const parts = async () => {
    const read = await operator.client.call(api.operator.health, {})
    return { ...read, of: Object.fromEntries(read.parts.map((one) => [one.part, one])) }
  }
  const fact = (part: { facts: { name: string; value: unknown }[] } | undefined, name: string) =>
    part?.facts.find((one) => one.name === name)?.value

  test('names every part, with a remedy for each that is not well', async () => {
    const { of, parts: all, version } = await parts()
    expect(Object.keys(of)).toEqual(
      expect.arrayContaining(['database', 'feed', 'jobs', 'calls', 'runners', 'disk', 'mail']),
    )
    expect(version).toMatch(/^\d/)
    for (const one of all) expect(one.sentence, one.part).toMatch(/\.$/)
    expect(of['database']).toMatchObject({ state: 'ok' })
    expect(fact(of['database'], 'size')).toBeGreaterThan(1_000_000)
    expect(of['feed']).toMatchObject({ state: 'ok' })
  })

  test('is down without a runner, and says so of the whole', async () => {
    const { state, of } = await parts()
    expect(state).toBe('down')
    expect(of['runners']).toMatchObject({
      state: 'down',
      sentence: 'No runner is alive.',
      remedy: expect.any(String),
    })
  })

  test('tells which deployments nobody runs, and what a machine cannot enforce', async () => {
    const { db } = server.berth.platform
    const id = await seedRunner(db, {
      capabilities: [
        { name: 'sandbox', ok: false, sentence: 'Servers run without a sandbox.' },
        { name: 'memory', ok: false, sentence: 'Memory is not limited.' },
      ],
    })
    await seedDeployment(db)
    const { of } = await parts()
    expect(of['runners']).toMatchObject({ state: 'degraded', remedy: expect.any(String) })
    expect(fact(of['runners'], 'deployments without a home')).toBeGreaterThan(0)
    expect(of['sandbox']).toMatchObject({ state: 'down', sentence: 'Servers run without a sandbox.' })
    expect(of['memory']).toMatchObject({ state: 'degraded' })
    await db.deleteFrom('runners').where('id', '=', id).execute()
  })

  test('counts calls that wait in a journal nobody copied', async () => {
    const before = Number(fact((await parts()).of['calls'], 'not copied yet'))
    const folder = path.join(server.dataDir, 'calls')
    mkdirSync(folder, { recursive: true })
    // Its runner counts as alive, so no other process takes the file over.
    const runner = await seedRunner(server.berth.platform.db)
    writeFileSync(path.join(folder, `${runner}.1.a0x0.v1.calls`), ' '.repeat(9 * 1024 * 1024))
    const { calls } = (await parts()).of
    expect(Number(fact(calls, 'not copied yet')) - before).toBe(9 * 1024 * 1024)
    expect(calls).toMatchObject({ state: 'degraded', remedy: expect.any(String) })
  })

  test('counts jobs that were given up', async () => {
    const { db, jobs } = server.berth.platform
    const depth = async () => (await jobs.depths()).find(({ name }) => name === 'catalog.observe')!
    const before = await depth()
    await sql`insert into pgboss.job (name, data) values ('catalog.observe.dead', '{}')`.execute(db)
    expect((await depth()).dead).toBe(before.dead + 1)
    expect((await parts()).of['jobs']).toMatchObject({
      state: 'degraded',
      sentence: expect.stringContaining('catalog.observe'),
    })
  })
})
