/** Accounts whose address nobody has confirmed yet: they tell nobody anything, and belong to whoever has the mailbox. */
import { createHook } from 'node:async_hooks'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { api, type Client } from '@berth/contracts'
import { openMailbox, type Mailbox } from '../../notifications/testing/mailbox.ts'
import { signUp, startTestServer, type TestPerson, type TestServer } from '../../platform/testing/index.ts'
import { eventsAbout, refused, signIn } from '../account/test-kit.ts'
import { bearerOf, post, statusOfMe } from './test-kit.ts'

let mailbox: Mailbox
let server: TestServer
let operator: TestPerson

beforeAll(async () => {
  mailbox = await openMailbox()
  server = await startTestServer({ env: mailbox.env })
  operator = await signUp(server)
})
afterAll(async () => {
  await server?.close()
  await mailbox?.close()
})

let made = 0
const fresh = () => `unconfirmed${++made}@example.com`
const [mine, theirs] = ['what the owner chose', 'what somebody else chose']

async function register(email: string, password: string, name = 'New Comer', to = server) {
  const response = await post(to, '/sign-up/email', { name, email, password })
  expect(response.status).toBe(200)
  return ((await response.json()) as { user: { id: string } }).user.id
}

const lettersTo = (email: string, subject: string) =>
  mailbox.messages.filter((one) => one.to === email && one.subject === subject)

/** The secrets of the links to confirm that somebody got, once there are so many. */
async function links(email: string, count: number): Promise<string[]> {
  const find = () => lettersTo(email, 'Confirm your e-mail address')
  await expect.poll(() => find().length, { timeout: 60_000 }).toBe(count)
  return find().map(({ text }) => /#token=([\w-]+)/.exec(text)![1]!)
}

const confirm = (token: string, password: string) =>
  server.client().call(api.account.confirmEmail, { body: { token, password } })
const refusedPassword = { problem: { code: 'invalid_input', errors: [{ path: 'password' }] } }

describe('signing in', () => {
  test('is refused alike whoever has the address, and whatever the password', async () => {
    const email = fresh()
    await register(email, mine)
    await links(email, 1)
    const answers = []
    for (const given of [
      { email, password: mine },
      { email, password: theirs },
      { email: operator.email, password: mine },
      { email: fresh(), password: mine },
    ]) {
      const response = await post(server, '/sign-in/email', given)
      const headers = [...response.headers.keys()].filter((name) => !name.startsWith('ratelimit')).toSorted()
      const { requestId: _, ...body } = (await response.json()) as Record<string, unknown>
      answers.push({ status: response.status, headers, body })
    }
    for (const answer of answers) expect(answer).toEqual(answers[0])
    expect(answers[0]).toMatchObject({
      status: 401,
      body: { code: 'unauthenticated', detail: expect.stringContaining('not confirmed yet') },
    })
  })

  test('with the right password sends the letter again, so often and no more', async () => {
    const limited = await startTestServer({ beside: server, env: mailbox.env, requestsPerMinute: 10_000 })
    try {
      const email = fresh()
      await register(email, mine)
      await links(email, 1)
      await signIn(server, { email, password: theirs })
      await signIn(limited, { email, password: mine })
      const [, second] = await links(email, 2)
      for (let n = 0; n < 8; n++) await signIn(limited, { email, password: mine })
      const marker = fresh()
      await register(marker, mine)
      await links(marker, 1)
      expect(lettersTo(email, 'Confirm your e-mail address').length).toBeLessThanOrEqual(6)
      await expect(confirm(second!, mine)).rejects.toMatchObject(refused('not_found', 'newer one'))
      const newest = (await links(email, lettersTo(email, 'Confirm your e-mail address').length)).at(-1)!
      await confirm(newest, mine)
      expect((await signIn(server, { email, password: mine })).status).toBe(200)
    } finally {
      await limited.close()
    }
  })
})

describe('an address that somebody else signed up with before', () => {
  test('is not confirmed by opening their letter: that takes the password they chose', async () => {
    const email = fresh()
    await register(email, theirs)
    const [link] = await links(email, 1)
    await expect(confirm(link!, mine)).rejects.toMatchObject(refusedPassword)
    expect((await signIn(server, { email, password: theirs })).status).toBe(401)
  })

  test.each(['before', 'after'])(
    'is its owner’s, with their password, also when the other came %s',
    async (when) => {
      const email = fresh()
      const first = when === 'before' ? [theirs, 'Mallory'] : [mine, 'Ada']
      const last = when === 'before' ? [mine, 'Ada'] : [theirs, 'Mallory']
      const userId = await register(email, first[0]!, first[1])
      await links(email, 1)
      await register(email, last[0]!, last[1])
      const both = await links(email, 2)
      const [ours, others] = when === 'before' ? [both[1]!, both[0]!] : [both[0]!, both[1]!]
      // The owner, who has the mailbox, may open both letters; each takes the password of its own sign-up.
      await expect(confirm(others, mine)).rejects.toMatchObject(refusedPassword)
      await expect(confirm(ours, theirs)).rejects.toMatchObject(refusedPassword)
      expect(await confirm(ours, mine)).toEqual({ email })
      expect((await signIn(server, { email, password: theirs })).status).toBe(401)
      const { token } = await signIn(server, { email, password: mine })
      const me = await server.client(token).call(api.identity.me, {})
      expect(me).toMatchObject({ confirmEmail: null, user: { id: userId, name: 'Ada' } })
      await expect(confirm(others, theirs)).rejects.toMatchObject(refused('not_found'))
      expect((await signIn(server, { email, password: theirs })).status).toBe(401)
      expect(await eventsAbout(server, userId)).toContain('user.email_verified')
    },
  )

  test('keeps nothing of theirs that was made while no mail was sent', async () => {
    const email = fresh()
    await register(email, theirs)
    await links(email, 1)
    const silent = await startTestServer({ beside: server })
    const enter = await signIn(silent, { email, password: theirs })
    await silent.close()
    const squatter = server.client(enter.token)
    expect(await squatter.call(api.identity.me, {})).toMatchObject({ confirmEmail: 'must' })
    await register(email, mine)
    await confirm((await links(email, 2))[1]!, mine)
    expect(await statusOfMe(server, bearerOf(enter.token!))).toBe(401)
  })

  test('is its owner’s who was invited there, and signs up', async () => {
    const email = fresh()
    await register(email, theirs, 'Mallory')
    await links(email, 1)
    const { id: organizationId } = await operator.client.call(api.organizations.create, {
      body: { name: `Inviting ${made}` },
    })
    const params = { organizationId }
    await operator.client.call(api.invitations.create, { params, body: { email, role: 'developer' } })
    const letter = () => lettersTo(email, `You are invited to Inviting ${made}`)[0]
    await expect.poll(letter, { timeout: 60_000 }).toBeDefined()
    const invitation = /\/onboarding\/invite\/([\w-]+)/.exec(letter()!.text)![1]!
    const response = await post(server, '/sign-up/email', { name: 'Ada', email, password: mine, invitation })
    const { token } = (await response.json()) as { token: string }
    const me = await server.client(token).call(api.identity.me, {})
    expect(me).toMatchObject({ confirmEmail: null, user: { name: 'Ada' } })
    expect((await signIn(server, { email, password: theirs })).status).toBe(401)
  })

  test('is not an address that somebody’s account changes to, unless they type its password', async () => {
    const [squatter, email] = [await signUp(server), fresh()]
    await squatter.client.call(api.account.changeEmail, { body: { email, password: squatter.password } })
    const [link] = await links(email, 1)
    await expect(confirm(link!, mine)).rejects.toMatchObject(refusedPassword)
    expect(await squatter.client.call(api.account.get, {})).toMatchObject({ email: squatter.email })
  })
})

describe('whether there is an account', () => {
  /** How many password hashes something takes. */
  async function hashes(work: () => Promise<unknown>): Promise<number> {
    let count = 0
    const hook = createHook({ init: (_id, type) => void (type === 'SCRYPTREQUEST' && count++) }).enable()
    await work()
    hook.disable()
    return count
  }

  test('takes as many password hashes as if there were none, in signing up and in', async () => {
    const [unconfirmed, nobody] = [fresh(), fresh()]
    await register(unconfirmed, theirs)
    await links(unconfirmed, 1)
    const addresses = [operator.email, unconfirmed, nobody]
    const counts = []
    for (const email of addresses) {
      counts.push(await hashes(() => signIn(server, { email, password: mine })))
      counts.push(await hashes(() => register(email, mine)))
    }
    expect(counts).toEqual(counts.map(() => 1))
    expect(await hashes(() => signIn(server, { email: unconfirmed, password: mine }))).toBe(1)
  })

  test('is answered before anything that only an account causes is done', async () => {
    const { db } = server.berth.platform
    const waiting = fresh()
    await register(waiting, mine)
    await links(waiting, 1)
    const before = mailbox.messages.length
    const ask = (client: Client, email: string) => [
      client.call(api.account.forgotPassword, { body: { email } }),
      client.call(api.account.resendConfirmation, { body: { email } }),
      register(email, mine),
      signIn(server, { email, password: mine }),
    ]
    const sent = await db.transaction().execute(async (trx) => {
      // Nobody can be made, no link and no message as long as this is held; that nobody waits for it is what is tested.
      for (const table of ['users', 'account_links', 'mails'])
        await sql`lock table ${sql.table(table)} in share row exclusive mode`.execute(trx)
      const answers = await Promise.all(
        [operator.email, waiting, fresh()].flatMap((email) => ask(server.client(), email)),
      )
      return answers.length
    })
    expect(sent).toBe(12)
    await expect.poll(() => mailbox.messages.length, { timeout: 60_000 }).toBeGreaterThan(before)
  })
})
