import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { api } from '@berth/contracts'
import {
  seedDeployment,
  seedRunner,
  signUp,
  startTestServer,
  type TestPerson,
  type TestServer,
} from '../platform/testing/index.ts'
import { createPolicy } from '../policy/service.ts'
import { noAccess, standingOf, type Standing } from './access.ts'
import { billingGate } from './gate.ts'
import { createCallMeter } from './quotas/meter.ts'
import { demandRoom } from './quotas/room.ts'
import { subscribeTo } from './test-kit.ts'

const calls = 'gateway.tool_calls'
const policy = createPolicy([billingGate])
let server: TestServer
let owner: TestPerson
let organizationId: string
let deploymentId: string
let runnerId: string

beforeAll(async () => {
  server = await startTestServer({ roles: ['api'] })
  const { db } = server.berth.platform
  owner = await signUp(server)
  organizationId = (await owner.client.call(api.organizations.create, { body: { name: 'Acme' } })).id
  deploymentId = (await seedDeployment(db, { organizationId })).id
  runnerId = await seedRunner(db)
})
afterAll(() => server?.close())

interface Given {
  state: 'trialing' | 'active' | 'past_due' | 'suspended' | 'incomplete' | 'canceled'
  fallback: string | null
  /** How long the grace goes on at the instant that is looked at, in milliseconds. */
  graceLeft: number
}

const given: fc.Arbitrary<Given> = fc.record({
  state: fc.constantFrom<Given['state'][]>(
    'trialing',
    'active',
    'past_due',
    'past_due',
    'suspended',
    'incomplete',
    'canceled',
  ),
  fallback: fc.constantFrom('free', null),
  graceLeft: fc.oneof(
    fc.constantFrom(-1, 0, 1),
    fc.integer({ min: -40, max: 40 }).map((days) => days * 86_400_000),
  ),
})

/** Brings the organization there; its clock says `at`. */
async function bring({ state, fallback, graceLeft }: Given, at: Date): Promise<void> {
  const { db } = server.berth.platform
  await db.deleteFrom('testClocks').where('organizationId', '=', organizationId).execute()
  await db.insertInto('testClocks').values({ organizationId, now: at }).execute()
  await db
    .updateTable('subscriptions')
    .set({ state: 'active', endedAt: null })
    .where('organizationId', '=', organizationId)
    .execute()
  await subscribeTo(
    db,
    organizationId,
    [
      { key: calls, limit: 1000, reset: 'month' },
      { key: 'runtime.concurrent_servers', limit: null },
      { key: 'seats', limit: 5 },
    ],
    { fallback },
  )
  const pastDue = state === 'past_due'
  await db
    .updateTable('subscriptions')
    .set({
      state,
      endedAt: state === 'canceled' ? at : null,
      pastDueSince: pastDue ? new Date(0) : null,
      graceEndsAt: pastDue ? new Date(at.getTime() + graceLeft) : null,
    })
    .where('organizationId', '=', organizationId)
    .execute()
}

/** What the gate says of a call, a launch and what runs. */
async function gateSays(): Promise<unknown[]> {
  const { platform } = server.berth
  const said = []
  for (const moment of ['call', 'launch', 'relaunch', 'running'] as const) {
    const asked = { organizationId, deploymentId, moment }
    const { allowed, notes } = await policy.judge(platform.db, asked, platform.clock.now())
    said.push({ allowed, notes })
  }
  return said
}

/** What the gateway says of a call that draws on the quota. */
async function meterSays() {
  const meter = createCallMeter(server.berth.platform, runnerId)
  const refusal = await meter.draw(organizationId)
  if (refusal === null) meter.ended(organizationId, false)
  await meter.close()
  return { allowed: refusal === null, notes: refusal ? (refusal.data as { notes: string[] }).notes : [] }
}

async function apiSays() {
  const params = { organizationId }
  const items = [{ key: calls, quantity: 1 }]
  const answer = await owner.client.call(api.quotas.check, { params, body: { items, record: false } })
  return { allowed: answer.allowed, notes: answer.items[0]!.notes }
}

async function seatSays() {
  const { platform } = server.berth
  const origin = { actor: { kind: 'system', id: 'test', tokenId: null }, requestId: null } as const
  return platform
    .mutate(origin, (tx) => demandRoom(tx, organizationId, 'seats'))
    .then(
      () => ({ allowed: true, notes: [] }),
      (error: { extra: { notes: string[] } }) => ({ allowed: false, notes: error.extra.notes }),
    )
}

function meant(standing: Standing) {
  if (standing === 'suspended' || standing === 'missing')
    return { allowed: false, notes: [noAccess[standing].note] }
  return { allowed: true, notes: [] as string[] }
}

test('invariant 13: access follows from the state and the clock alone: the gate, the gateway, the API and whoever adds people say the same', async () => {
  const instant = fc.date({ min: new Date('2020-01-01'), max: new Date('2040-01-01'), noInvalidDate: true })
  await fc.assert(
    fc.asyncProperty(given, instant, async (one, at) => {
      await bring(one, at)
      const standing = standingOf({
        state: one.state === 'canceled' ? null : one.state,
        graceOver: one.state === 'past_due' && one.graceLeft <= 0,
        fallsBack: one.fallback !== null,
      })
      const said = meant(standing)
      const warned = standing === 'grace' ? { ...said, notes: ['billing:past-due-grace'] } : said
      expect(await gateSays()).toEqual([warned, warned, warned, warned])
      expect(await meterSays()).toEqual(said)
      expect(await apiSays()).toEqual(said)
      expect(await seatSays()).toEqual(said)
    }),
    { numRuns: 40 },
  )
})

test('invariant 13: as the clock goes on over the end of the grace, only the clock decides', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('free', null),
      fc.array(fc.integer({ min: -5000, max: 5000 }), { minLength: 1, maxLength: 6 }),
      async (fallback, offsets) => {
        const end = new Date('2027-03-28T01:00:00Z')
        await bring({ state: 'past_due', fallback, graceLeft: 0 }, end)
        for (const offset of offsets.toSorted((a, b) => a - b)) {
          const now = new Date(end.getTime() + offset)
          await server.berth.platform.db.updateTable('testClocks').set({ now }).execute()
          const said = meant(offset >= 0 && fallback === null ? 'suspended' : 'grace')
          expect((await apiSays()).allowed).toBe(said.allowed)
          expect((await meterSays()).allowed).toBe(said.allowed)
          expect(await gateSays()).toMatchObject(Array.from({ length: 4 }, () => ({ allowed: said.allowed })))
        }
      },
    ),
    { numRuns: 10 },
  )
})
