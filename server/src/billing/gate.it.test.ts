import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Moment } from '@berth/contracts'
import { known, type Gate } from '../platform/gate.ts'
import { newId } from '../platform/ids.ts'
import {
  openTestPlatform,
  seedDeployment,
  seedOrganization,
  type TestPlatform,
} from '../platform/testing/index.ts'
import { createPolicy } from '../policy/service.ts'
import { billingGate, takeTurns } from './gate.ts'
import { demandRoom } from './quotas/room.ts'
import { subscribeTo } from './test-kit.ts'

const servers = 'runtime.concurrent_servers'

/** Another gate, as there are others wherever servers run: it notes what it lets pass, too. */
const otherGate: Gate<{ bad: boolean }> = {
  name: 'trust',
  version: 1,
  rules: {
    bad: {
      title: 'Trust',
      notYet: { launch: 'hold', relaunch: 'hold', running: 'hold', call: 'hold' },
      graceMs: 0,
      pending: 'pending-attestation',
    },
  },
  facts: () => sql`(select jsonb_build_object('bad', ${known(sql`to_jsonb(d.quarantined)`)}))`,
  decide: ({ bad = false }) => [
    {
      verdict: bad ? 'hold' : 'pass',
      note: bad ? 'trust:artifact:unavailable' : 'trust:artifact:intact',
      sentence: 'It is as it is.',
    },
  ],
}
const [alone, policy] = [createPolicy([billingGate]), createPolicy([billingGate, otherGate])]
let platform: TestPlatform
let organizationId: string

beforeAll(async () => {
  platform = await openTestPlatform()
})
afterAll(() => platform.close())
beforeEach(async () => {
  organizationId = await seedOrganization(platform.db)
})

async function deploy(phase: string): Promise<string> {
  const { id } = await seedDeployment(platform.db, { organizationId })
  await setPhase(id, phase)
  return id
}
const setPhase = (id: string, phase: string) =>
  platform.db.updateTable('deployments').set({ phase }).where('id', '=', id).execute()

const asked = (deploymentId: string, moment: Moment) => ({ organizationId, deploymentId, moment })
const look = (id: string, moment: Moment) => alone.judge(platform.db, asked(id, moment), platform.clock.now())

const limited = (limit: number | null, more: Record<string, unknown> = {}) =>
  subscribeTo(platform.db, organizationId, [{ key: servers, limit }], more)

test('organizations without limits launch, run and are called with nothing said', async () => {
  const id = await deploy('running')
  await deploy('running')
  for (const moment of ['launch', 'relaunch', 'running', 'call'] as const)
    expect(await look(id, moment)).toMatchObject({ allowed: true, notes: [] })
})

test('one more than the plan lets run waits, with what to do, and launches when there is room', async () => {
  await limited(2)
  const [first, , third] = [await deploy('running'), await deploy('running'), await deploy('launching')]
  const held = await look(third, 'launch')
  expect(held).toMatchObject({
    verdict: 'hold',
    pendingStatus: 'pending-billing',
    notes: [`billing:quota:${servers}:2/2`],
  })
  expect(held.gates[0]!.sentences[0]!.text).toContain('stop another one')
  await setPhase(first, 'stopped')
  expect(await look(third, 'launch')).toMatchObject({ allowed: true })
})

test('over the limit the newest stop and the older ones go on, unless an operator lets them all', async () => {
  const ids = [await deploy('running'), await deploy('running'), await deploy('running')]
  await limited(1)
  const allowed = async () => await Promise.all(ids.map(async (id) => (await look(id, 'running')).allowed))
  expect(await allowed()).toEqual([true, false, false])
  await limited(1, { overLimitUntil: new Date(Date.now() + 60_000) })
  expect(await allowed()).toEqual([true, true, true])
  expect(await look(ids[2]!, 'launch')).toMatchObject({ allowed: false })
})

/** As the reconciler starts one that is to run: allowed it takes a place, held it waits. */
async function launch(id: string): Promise<void> {
  const set = (fields: object) =>
    platform.db.updateTable('deployments').set(fields).where('id', '=', id).execute()
  await set({ phase: 'launching' })
  const { id: decisionId, allowed, notes, pendingStatus } = await decide(id, 'relaunch')
  if (allowed) await set({ phase: 'running', runningGeneration: 1, hold: null, holdNotes: [], decisionId })
  else
    await set({
      phase: 'stopped',
      runningGeneration: null,
      hold: pendingStatus,
      holdNotes: notes,
      decisionId,
    })
}

const decide = (id: string, moment: Moment) =>
  platform.change(async (tx) => {
    await takeTurns(tx, organizationId)
    return await policy.decide(tx, asked(id, moment))
  })

const running = async () => {
  const rows = await platform.db
    .selectFrom('deployments')
    .select('id')
    .where('organizationId', '=', organizationId)
    .where('phase', '=', 'running')
    .orderBy('id')
    .execute()
  return rows.map(({ id }) => id)
}

test('whatever order all are launched again in, the oldest run as far as the plan lets them, and then the next older', async () => {
  const seen = fc.asyncProperty(
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 4 }),
    fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
    async (limit, more, order) => {
      organizationId = await seedOrganization(platform.db)
      const ids: string[] = []
      for (let n = 0; n < order.length; n++) ids.push(await deploy('running'))
      await platform.db
        .updateTable('deployments')
        .set({ runningGeneration: 1 })
        .where('organizationId', '=', organizationId)
        .execute()
      const shuffled = ids.toSorted((a, b) => order[ids.indexOf(a)]! - order[ids.indexOf(b)]!)
      await limited(limit)
      for (const id of shuffled) await launch(id)
      expect(await running()).toEqual(ids.slice(0, limit))
      // There is more room: whoever asks first, the older ones go first.
      await limited(limit + more)
      const waiting = async () => {
        const up = await running()
        return shuffled.filter((id) => !up.includes(id))
      }
      for (let round = 0; round < ids.length; round++) for (const id of await waiting()) await launch(id)
      expect(await running()).toEqual(ids.slice(0, limit + more))
    },
  )
  await fc.assert(seen, { numRuns: 8 })
})

test('an older one that waits for something else as well keeps no place free', async () => {
  await limited(1)
  const [first, older, newer] = [await deploy('running'), await deploy('stopped'), await deploy('launching')]
  const quarantine = (quarantined: boolean) =>
    platform.db.updateTable('deployments').set({ quarantined }).where('id', '=', older).execute()
  await quarantine(true)
  await launch(older)
  await setPhase(first, 'stopped')
  expect(await look(newer, 'launch')).toMatchObject({ allowed: true })
  await setPhase(first, 'running')
  await quarantine(false)
  await launch(older)
  await setPhase(first, 'stopped')
  const held = await look(newer, 'launch')
  expect(held).toMatchObject({ allowed: false, notes: [`billing:quota:${servers}:1/1`] })
  expect(held.gates[0]!.sentences[0]!.text).toContain('1 older one waits for a place')
})

test('once it is paid the older ones come back first, whichever of those that were stopped asks first', async () => {
  await limited(2)
  const ids = [await deploy('running'), await deploy('running'), await deploy('stopped')]
  await limited(2, { state: 'suspended' })
  for (const id of ids) await launch(id)
  expect(await running()).toEqual([])
  await limited(2)
  for (const id of [...ids.toReversed(), ...ids]) await launch(id)
  expect(await running()).toEqual(ids.slice(0, 2))
})

test('one that is started anew pushes none aside that runs, however old it is', async () => {
  const [first, second] = [await deploy('stopped'), await deploy('running')]
  await limited(1)
  await setPhase(first, 'launching')
  expect(await look(first, 'relaunch')).toMatchObject({ allowed: false })
  expect(await look(second, 'running')).toMatchObject({ allowed: true })
})

test('of launches that are decided at once, just as many pass as there are places', async () => {
  await limited(2)
  const ids = await Promise.all(Array.from({ length: 6 }, () => deploy('launching')))
  const decisions = await Promise.all(ids.map((id) => decide(id, 'launch')))
  expect(decisions.filter(({ allowed }) => allowed).length).toBe(2)
})

test('a suspended subscription stops what runs and takes no calls; payment makes all go on', async () => {
  const id = await deploy('running')
  await limited(null, { state: 'suspended' })
  for (const moment of ['launch', 'relaunch', 'running', 'call'] as const) {
    expect(await look(id, moment)).toMatchObject({
      allowed: false,
      pendingStatus: 'pending-billing',
      notes: ['billing:suspended'],
    })
  }
  await limited(null, { state: 'active' })
  expect(await look(id, 'launch')).toMatchObject({ allowed: true })
})

test('an unpaid subscription keeps access until its grace is over', async () => {
  const id = await deploy('running')
  await limited(null, { state: 'past_due', graceEndsAt: new Date(Date.now() + 60_000) })
  expect(await look(id, 'running')).toMatchObject({ allowed: true, notes: ['billing:past-due-grace'] })
  await limited(null, { state: 'past_due', graceEndsAt: new Date(Date.now() - 1) })
  expect(await look(id, 'running')).toMatchObject({ allowed: false, notes: ['billing:suspended'] })
})

test('a plan that does not grant servers is named as that', async () => {
  const id = await deploy('launching')
  await subscribeTo(platform.db, organizationId, [])
  expect(await look(id, 'launch')).toMatchObject({ notes: [`billing:entitlement-missing:${servers}`] })
})

test('of two who want the last workspace at once one gets it; the other hears what to do', async () => {
  await subscribeTo(platform.db, organizationId, [{ key: 'workspaces', limit: 1 }])
  const create = () =>
    platform.change(async (tx) => {
      await demandRoom(tx, organizationId, 'workspaces')
      const id = newId('workspace')
      const fields = { name: id, tier: 'community', region: 'local', createdAt: tx.now }
      await tx.db
        .insertInto('workspaces')
        .values({ id, organizationId, key: id.slice(-20), ...fields })
        .execute()
    })
  const results = await Promise.allSettled([create(), create(), create()])
  const refused = results.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
  expect(refused).toHaveLength(2)
  for (const reason of refused) {
    expect(reason).toMatchObject({
      code: 'policy_veto',
      extra: { notes: ['billing:quota-exceeded:workspaces'] },
    })
    expect(reason.message).toBe(
      'The plan allows 1 workspace, and all are taken (1). Archive a workspace, or change the plan.',
    )
  }
})

test('seats that are paid for one by one are no more than were taken, with invitations counted', async () => {
  const seats = { key: 'seats', limit: null } as const
  await subscribeTo(platform.db, organizationId, [seats], { seats: 1, per: 'seat' })
  const demand = () => platform.change((tx) => demandRoom(tx, organizationId, 'seats'))
  await demand()
  const at = platform.clock.now()
  await platform.db
    .insertInto('invitations')
    .values({
      id: `inv_${organizationId.slice(4)}`,
      organizationId,
      email: 'kim@example.com',
      role: 'viewer',
      hash: Buffer.from(organizationId),
      state: 'pending',
      mailed: false,
      createdAt: at,
      sentAt: at,
      expiresAt: at,
    })
    .execute()
  const refused = (message: string) => ({ extra: { notes: ['billing:quota-exceeded:seats'] }, message })
  const rest = 'Remove a member, withdraw an invitation, or'
  await expect(demand()).rejects.toMatchObject(
    refused(`The subscription has 1 seat, and all are taken (1). ${rest} add seats.`),
  )
  // As many as the plan has at most: more seats would not help.
  await subscribeTo(platform.db, organizationId, [{ key: 'seats', limit: 1 }], { seats: 1, per: 'seat' })
  await expect(demand()).rejects.toMatchObject(
    refused(`The plan allows 1 person, and all are taken (1). ${rest} change the plan.`),
  )
})
