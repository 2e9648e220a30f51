import { afterAll, beforeAll, expect, test } from 'vitest'
import { api } from '@berth/contracts'
import { signUp, startTestServer, type TestPerson, type TestServer } from '../platform/testing/index.ts'

let server: TestServer
let owner: TestPerson

beforeAll(async () => {
  server = await startTestServer()
  owner = await signUp(server)
})
afterAll(() => server.close())

test('closing ends the subscription and takes back invitations in the same change; what is owed stays owed', async () => {
  const { client } = owner
  const { id: organizationId } = await client.call(api.organizations.create, { body: { name: 'Leaving' } })
  const params = { organizationId }
  await client.call(api.subscriptions.change, { params, body: { plan: 'team' } })
  const body = { email: 'kim@example.com', role: 'auditor' as const }
  await client.call(api.invitations.create, { params, body })

  const preview = await client.call(api.departure.preview, { params })
  expect(preview).toMatchObject({ invitations: 1, plan: 'Team', openInvoices: 1 })
  expect(preview.consequences.join(' ')).toContain(
    '1 pending invitation is taken back. The subscription to Team',
  )

  await client.call(api.departure.close, { params, body: { confirm: 'leaving' } })
  const { db } = server.berth.platform
  const live = await db
    .selectFrom('subscriptions')
    .select('id')
    .where('organizationId', '=', organizationId)
    .where('endedAt', 'is', null)
    .execute()
  expect(live).toEqual([])
  const invitation = db.selectFrom('invitations').select('state').where('organizationId', '=', organizationId)
  expect(await invitation.execute()).toEqual([{ state: 'revoked' }])
  const events = await db
    .selectFrom('events')
    .select(['type', 'payload', 'requestId'])
    .where('organizationId', '=', organizationId)
    .where('type', 'in', ['organization.closed', 'subscription.canceled', 'invitation.revoked'])
    .orderBy('seq')
    .execute()
  expect(events.map(({ type }) => type)).toEqual([
    'organization.closed',
    'invitation.revoked',
    'subscription.canceled',
  ])
  expect(events[2]!.payload).toMatchObject({ plan: 'team', reason: 'closed' })
  expect(new Set(events.map(({ requestId }) => requestId)).size).toBe(1)
  const { items } = await client.call(api.invoices.list, { params, query: {} })
  expect(items.map(({ state }) => state)).toEqual(['open'])
})

test('an organization on a plan that costs nothing is told nothing of payments', async () => {
  const { id: organizationId } = await owner.client.call(api.organizations.create, {
    body: { name: 'Small' },
  })
  const params = { organizationId }
  const preview = await owner.client.call(api.departure.preview, { params })
  expect(preview).toMatchObject({ invitations: 0, plan: null, openInvoices: 0 })
  expect(preview.consequences.join(' ')).not.toMatch(/subscription|invoice|invitation/)
  await owner.client.call(api.departure.close, { params, body: { confirm: 'small' } })
  await expect(owner.client.call(api.subscriptions.get, { params })).rejects.toMatchObject({
    problem: { code: 'not_found' },
  })
})
