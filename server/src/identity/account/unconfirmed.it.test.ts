import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { api } from '@berth/contracts'
import { openMailbox, type Mailbox } from '../../notifications/testing/mailbox.ts'
import { movableClock, signUp, startTestServer, type TestServer } from '../../platform/testing/index.ts'
import { dumpOf, post } from '../people/test-kit.ts'
import { eventsAbout } from './test-kit.ts'
import { unconfirmedDays } from './unconfirmed.ts'

// Each turn of the sweep is waited for; a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 })

const clock = movableClock(new Date())
const dayMs = 24 * 3600_000
let mailbox: Mailbox
let server: TestServer

beforeAll(async () => {
  mailbox = await openMailbox()
  server = await startTestServer({ clock, env: mailbox.env })
})
afterAll(async () => {
  await server?.close()
  await mailbox?.close()
})

let made = 0
const password = 'a fine new password'

/** An account that waits to be confirmed. */
async function register(email = `lapsing${++made}@example.com`) {
  const name = 'New Comer'
  const before = mailbox.tokenFor(email)
  const response = await post(server, '/sign-up/email', { name, email, password })
  const { user } = (await response.json()) as { user: { id: string } }
  await expect.poll(() => mailbox.tokenFor(email), { timeout: 60_000 }).not.toBe(before)
  return { email, userId: user.id }
}

const stateOf = async (userId: string) =>
  (
    await server.berth.platform.db
      .selectFrom('users')
      .select('state')
      .where('id', '=', userId)
      .executeTakeFirst()
  )?.state
async function isRemoved(userId: string): Promise<void> {
  await expect.poll(() => stateOf(userId), { timeout: 60_000 }).toBe('deleted')
}

test('an account that nobody confirmed in time is removed without a trace, and its address is free', async () => {
  const operator = await signUp(server)
  const waiting = await register()
  const confirmed = await register()
  await server.client().call(api.account.confirmEmail, {
    body: { token: mailbox.tokenFor(confirmed.email)!, password },
  })
  const invited = await register()
  const { id: organizationId } = await operator.client.call(api.organizations.create, {
    body: { name: 'Waits for somebody' },
  })
  const params = { organizationId }
  await operator.client.call(api.organizations.addMember, {
    params,
    body: { email: invited.email, role: 'developer' },
  })
  const before = await signUp(server)

  clock.advance((unconfirmedDays - 1) * dayMs)
  const later = await register()
  const asking = await register()
  clock.advance(dayMs)
  await isRemoved(waiting.userId)
  expect(await stateOf(later.userId)).toBe('active')

  // Whoever asks for the letter again has as long as its link is good.
  clock.advance((unconfirmedDays - 1) * dayMs - 60_000)
  const token = mailbox.tokenFor(asking.email)
  await server.client().call(api.account.resendConfirmation, { body: { email: asking.email } })
  await expect.poll(() => mailbox.tokenFor(asking.email), { timeout: 60_000 }).not.toBe(token)
  clock.advance(60_000)
  await isRemoved(later.userId)
  expect(await stateOf(asking.userId)).toBe('active')
  clock.advance(dayMs)
  await isRemoved(asking.userId)

  for (const { userId } of [operator, confirmed, invited, before])
    expect(await stateOf(userId)).toBe('active')
  expect(await eventsAbout(server, waiting.userId)).toEqual(['user.registered', 'user.lapsed'])
  expect(await dumpOf(server)).not.toContain(waiting.email)
  const again = await register(waiting.email)
  expect(again.userId).not.toBe(waiting.userId)
  expect(await stateOf(again.userId)).toBe('active')
})

test('nobody is removed where no mail is sent: nobody could confirm anything', async () => {
  const silent = await startTestServer({ clock })
  try {
    const { db } = silent.berth.platform
    await signUp(silent)
    const { userId } = await signUp(silent)
    const values = { mustVerify: true, createdAt: new Date(clock.now().getTime() - 30 * dayMs) }
    await db.updateTable('users').set(values).where('id', '=', userId).execute()
    await db.updateTable('sessions').set({ expiresAt: clock.now() }).where('userId', '=', userId).execute()
    clock.advance(dayMs)
    // Sign-ins that are over go in the same turn.
    const left = () => db.selectFrom('sessions').select('id').where('userId', '=', userId).execute()
    await expect.poll(left, { timeout: 60_000 }).toEqual([])
    const account = db.selectFrom('users').select('state').where('id', '=', userId)
    expect(await account.executeTakeFirst()).toEqual({ state: 'active' })
  } finally {
    await silent.close()
  }
})
