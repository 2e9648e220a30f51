import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  callEndpoints,
  organizationEndpoints,
  policyEndpoints,
  runEndpoints,
  type Moment,
} from '@berth/contracts'
import { gates } from '../app.ts'
import { callBy } from '../metering/testing/calls.ts'
import { insertCalls } from '../metering/store.ts'
import { lineOf } from '../metering/journal.ts'
import { newId } from '../platform/ids.ts'
import { systemActor } from '../platform/platform.ts'
import {
  seedDeployment,
  seedRunner,
  signUp,
  startTestServer,
  type Seeded,
  type TestPerson,
  type TestServer,
} from '../platform/testing/index.ts'
import { createRun, failRun, startRun } from '../runs/service.ts'
import { createPolicy } from './service.ts'

const origin = { actor: systemActor('test'), requestId: null }
const policy = createPolicy(gates)
let server: TestServer
let person: TestPerson
let params: { organizationId: string }
let deployment: Seeded

beforeAll(async () => {
  server = await startTestServer({ roles: ['api'] })
  person = await signUp(server)
  const organization = await person.client.call(organizationEndpoints.create, { body: { name: 'Acme' } })
  params = { organizationId: organization.id }
  const { db } = server.berth.platform
  deployment = await seedDeployment(db, { ...params, runnerId: await seedRunner(db) })
})
afterAll(() => server.close())

const decide = (moment: Moment) =>
  server.berth.platform.mutate(origin, (tx) =>
    policy.decide(tx, { ...params, deploymentId: deployment.id, moment }),
  )

test('decisions are listed page by page, filtered, explained and taken again', async () => {
  const made = [await decide('launch'), await decide('launch'), await decide('running')]
  const { client } = person
  const first = await client.call(policyEndpoints.list, { params, query: { limit: 2 } })
  const rest = await client.call(policyEndpoints.list, {
    params,
    query: { limit: 2, cursor: first.nextCursor! },
  })
  expect([...first.items, ...rest.items]).toEqual(made.toReversed())
  expect(rest.nextCursor).toBeNull()
  const held = await client.call(policyEndpoints.list, {
    params,
    query: { allowed: 'false', deploymentId: deployment.id },
  })
  expect(held.items).toEqual([made[2]])
  const one = { params: { ...params, decisionId: made[2]!.id } }
  const explained = await client.call(policyEndpoints.explain, one)
  expect(explained.sentences[0]).toMatch(
    /^Going on running was held \(pending-attestation\) by the gate trust\./,
  )
  expect(await client.call(policyEndpoints.replay, one)).toMatchObject({ same: true, inputsIntact: true })
  const unknown = { params: { ...params, decisionId: newId('decision') } }
  await expect(client.call(policyEndpoints.explain, unknown)).rejects.toMatchObject({
    problem: { code: 'not_found' },
  })
})

test('runs are listed and shown with their ledger', async () => {
  const { platform } = server.berth
  const run = await platform.mutate(origin, async (tx) => {
    const { id, organizationId, workspaceId } = deployment
    const created = await createRun(tx, { organizationId, workspaceId, deploymentId: id, kind: 'launch' })
    await startRun(tx, created.id, { leasedBy: 'rnr_x' })
    return await failRun(tx, created.id, 'The server exited.')
  })
  const { client } = person
  const query = { kind: 'launch', status: 'failed', deploymentId: deployment.id } as const
  const { items } = await client.call(runEndpoints.list, { params, query })
  expect(items).toEqual([await client.call(runEndpoints.get, { params: { ...params, runId: run.id } })])
  expect(items[0]!.retryLedger.map(({ status }) => status)).toEqual(['pending', 'running', 'failed'])
})

test('calls are listed page by page and filtered', async () => {
  const records = Array.from({ length: 5 }, (_, n) =>
    callBy(params.organizationId, { tool: n % 2 ? 'add' : 'echo', at: 1_790_000_000_000 + n }),
  )
  await insertCalls(server.berth.platform.db, records.map(lineOf).join('\n'), newId('runner'), new Date())
  const { client } = person
  const first = await client.call(callEndpoints.list, { params, query: { limit: 3 } })
  const rest = await client.call(callEndpoints.list, {
    params,
    query: { limit: 3, cursor: first.nextCursor! },
  })
  expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual(
    records.map(({ id }) => id).toReversed(),
  )
  const added = await client.call(callEndpoints.list, { params, query: { tool: 'add', outcome: 'ok' } })
  expect(added.items).toHaveLength(2)
  const wrong = client.call(callEndpoints.list, { params, query: { cursor: 'AAAA' } })
  await expect(wrong).rejects.toMatchObject({ problem: { code: 'invalid_input' } })
})
