import { afterAll, beforeAll, expect, test } from 'vitest'
import { api } from '@berth/contracts'
import { abandonCheckout, beginCheckout } from '../billing/subscriptions/checkout.ts'
import type { Terms } from '../billing/subscriptions/model.ts'
import { systemActor } from '../platform/platform.ts'
import { signUp, startTestServer, type TestPerson, type TestServer } from '../platform/testing/index.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  await signUp(server)
})
afterAll(() => server?.close())

const found = async ({ client }: TestPerson, name: string) =>
  (await client.call(api.organizations.create, { body: { name } })).id
const stepsOf = async ({ client }: TestPerson, organizationId?: string) => {
  const query = organizationId ? { organizationId } : {}
  const { steps, ...rest } = await client.call(api.onboarding.get, { query })
  return { ...rest, states: steps.map(({ state }) => state), steps }
}

test('every step follows from what is there, and a skipped one is passed', async () => {
  const owner = await signUp(server)
  expect(await stepsOf(owner)).toMatchObject({
    organizationId: null,
    complete: false,
    states: ['done', 'next', 'open', 'open', 'open'],
  })
  const organizationId = await found(owner, 'Acme')
  const params = { organizationId }
  expect(await stepsOf(owner)).toMatchObject({
    organizationId,
    states: ['done', 'done', 'next', 'open', 'open'],
    steps: [
      {},
      { organization: { slug: 'acme' } },
      { subscription: { plan: 'free', state: 'active' } },
      {},
      {},
    ],
  })
  await owner.client.call(api.onboarding.skip, { params, body: { step: 'plan' } })
  await owner.client.call(api.onboarding.skip, { params, body: { step: 'plan' } })
  expect((await stepsOf(owner)).states).toEqual(['done', 'done', 'skipped', 'next', 'open'])
  const events = await server.berth.platform.db
    .selectFrom('events')
    .select('payload')
    .where('organizationId', '=', organizationId)
    .where('type', '=', 'onboarding.step_skipped')
    .execute()
  expect(events).toEqual([{ payload: { step: 'plan' } }])

  await owner.client.call(api.subscriptions.change, { params, body: { plan: 'team', trial: true } })
  expect((await stepsOf(owner)).states).toEqual(['done', 'done', 'done', 'next', 'open'])
  const body = { email: 'grace@example.com', role: 'developer' as const }
  await owner.client.call(api.invitations.create, { params, body })
  expect(await stepsOf(owner)).toMatchObject({
    states: ['done', 'done', 'done', 'done', 'next'],
    steps: [{}, {}, {}, { members: 1, invited: 1 }, { deployment: null, answered: false }],
  })
})

test('a checkout that was given up chose no plan', async () => {
  const owner = await signUp(server)
  const organizationId = await found(owner, 'Undecided')
  const { platform } = server.berth
  const origin = { actor: systemActor('test'), requestId: null }
  const terms: Terms = { graceDays: 14, provider: 'stripe', tell: async () => {} }
  await platform.mutate(origin, (tx) =>
    beginCheckout(tx, organizationId, { plan: 'team', seats: null }, terms),
  )
  await platform.mutate(origin, (tx) => abandonCheckout(tx, organizationId, terms))
  expect((await stepsOf(owner)).states).toEqual(['done', 'done', 'next', 'open', 'open'])
})

test('it is about the newest organization of one’s own, or the one that is named', async () => {
  const [owner, stranger] = [await signUp(server), await signUp(server)]
  const [older, newer] = [await found(owner, 'Older'), await found(owner, 'Newer')]
  const theirs = await found(stranger, 'Theirs')
  const body = { email: owner.email, role: 'developer' as const }
  await stranger.client.call(api.organizations.addMember, { params: { organizationId: theirs }, body })
  expect((await stepsOf(owner)).organizationId).toBe(newer)
  expect((await stepsOf(owner, older)).organizationId).toBe(older)
  expect((await stepsOf(owner, 'older')).organizationId).toBe(older)
  expect((await stepsOf(owner, theirs)).organizationId).toBe(theirs)
  for (const other of [older, 'no-such-organization'])
    await expect(stepsOf(stranger, other)).rejects.toMatchObject({ problem: { code: 'not_found' } })
})

test('who was invited passes what is for others to do', async () => {
  const [owner, developer] = [await signUp(server), await signUp(server)]
  const organizationId = await found(owner, 'Shared')
  const body = { email: developer.email, role: 'developer' as const }
  await owner.client.call(api.organizations.addMember, { params: { organizationId }, body })
  expect((await stepsOf(developer, organizationId)).states).toEqual([
    'done',
    'done',
    'skipped',
    'done',
    'next',
  ])
  expect((await stepsOf(owner, organizationId)).states).toEqual(['done', 'done', 'next', 'done', 'open'])
})

test('a server that is there but never answered a call is not the end', async () => {
  const owner = await signUp(server)
  const organizationId = await found(owner, 'Running')
  const { db, clock } = server.berth.platform
  const isAnswered = async () => (await stepsOf(owner, organizationId)).steps[4].answered
  expect(await isAnswered()).toBe(false)
  const start = new Date(clock.now().getTime() - 40 * 24 * 3600_000)
  // What was counted is kept when the records of the calls are long gone.
  await db
    .insertInto('quotaBalances')
    .values({
      organizationId,
      key: 'gateway.tool_calls',
      windowStart: start,
      windowEnd: clock.now(),
      used: 1,
    })
    .execute()
  expect(await isAnswered()).toBe(true)
})
