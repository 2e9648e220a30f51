import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { api, type Client } from '@berth/contracts'
import { openMailbox, type Mailbox } from '../../notifications/testing/mailbox.ts'
import { signUp, startTestServer, type TestPerson, type TestServer } from '../../platform/testing/index.ts'
import { eventsAbout, refused } from '../account/test-kit.ts'
import { post } from './test-kit.ts'

let mailbox: Mailbox
let server: TestServer
let operator: TestPerson
/** The same installation, started without a mail server: it holds nobody. */
let silent: TestServer

beforeAll(async () => {
  mailbox = await openMailbox()
  server = await startTestServer({ env: mailbox.env })
  silent = await startTestServer({ beside: server })
  operator = await signUp(server)
})
afterAll(async () => {
  await silent?.close()
  await server?.close()
  await mailbox?.close()
})

const password = 'a fine new password'
let made = 0
const fresh = () => `newcomer${++made}@example.com`

async function register(email: string, more: object = {}) {
  const response = await post(server, '/sign-up/email', { name: 'New Comer', email, password, ...more })
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer }
}
interface Answer {
  token: string | null
  user: { id: string; email: string }
  code?: string
  errors?: { path: string }[]
}

async function enter(email: string, secret = password, at = server): Promise<Client> {
  const response = await post(at, '/sign-in/email', { email, password: secret })
  return server.client(((await response.json()) as Answer).token!)
}

const letterTo = async (email: string, subject: string) => {
  const find = () => mailbox.messages.findLast((one) => one.to === email && one.subject === subject)
  await expect.poll(find, { timeout: 60_000 }).toBeDefined()
  return find()!
}
const secretIn = (text: string) => /#token=([\w-]+)/.exec(text)![1]!
const confirmation = async (email: string) =>
  secretIn((await letterTo(email, 'Confirm your e-mail address')).text)
const confirm = (token: string, given = password) =>
  server.client().call(api.account.confirmEmail, { body: { token, password: given } })

/** Somebody with an account that nobody confirmed, who signed in while no mail was sent. */
async function held(email: string): Promise<Client> {
  await confirmation(email)
  return enter(email, password, silent)
}

describe('a new account', () => {
  test('signs nobody in until the link of its letter is opened, and may do nothing but with itself', async () => {
    const email = fresh()
    const { status, body, headers } = await register(email)
    expect([status, body.token, headers.getSetCookie()]).toEqual([200, null, []])
    const person = await held(email)
    expect((await post(server, '/sign-in/email', { email, password })).status).toBe(401)
    expect(await person.call(api.identity.me, {})).toMatchObject({ confirmEmail: 'must', organizations: [] })
    expect(await person.call(api.account.get, {})).toMatchObject({ email, emailVerified: false })
    expect((await person.call(api.onboarding.get, { query: {} })).steps[0]).toMatchObject({
      state: 'next',
      mustVerify: true,
    })
    const founding = () => person.call(api.organizations.create, { body: { name: 'Too Early' } })
    await expect(founding()).rejects.toMatchObject(refused('email_unverified', 'Confirm your e-mail'))
    await expect(person.call(api.catalog.list, { query: {} })).rejects.toMatchObject(
      refused('email_unverified'),
    )

    expect(await confirm(await confirmation(email))).toEqual({ email })
    expect(await person.call(api.identity.me, {})).toMatchObject({ confirmEmail: null })
    expect((await founding()).name).toBe('Too Early')
    await enter(email)
    expect(await eventsAbout(server, body.user.id)).toEqual([
      'user.registered',
      'session.created',
      'user.email_verified',
      'session.created',
    ])
  })

  test('that is added to an organization has no part in it before', async () => {
    const email = fresh()
    await register(email)
    const person = await held(email)
    const { id: organizationId } = await operator.client.call(api.organizations.create, {
      body: { name: 'Guarded' },
    })
    const params = { organizationId }
    await operator.client.call(api.organizations.addMember, { params, body: { email, role: 'owner' } })
    await expect(person.call(api.organizations.get, { params })).rejects.toMatchObject(
      refused('email_unverified'),
    )
    await confirm(await confirmation(email))
    expect((await person.call(api.organizations.get, { params })).name).toBe('Guarded')
  })

  test('may change its address, which counts once it is confirmed, and may be deleted', async () => {
    const [email, better] = [fresh(), fresh()]
    await register(email)
    const person = await held(email)
    const changed = await person.call(api.account.changeEmail, { body: { email: better, password } })
    expect(changed).toMatchObject({ email, pendingEmail: better })
    expect(await confirm(secretIn((await letterTo(better, 'Confirm your e-mail address')).text))).toEqual({
      email: better,
    })
    expect(await person.call(api.identity.me, {})).toMatchObject({
      confirmEmail: null,
      user: { email: better },
    })

    const leaving = fresh()
    await register(leaving)
    const gone = await held(leaving)
    await gone.call(api.account.delete, { body: { password } })
    await expect(gone.call(api.identity.me, {})).rejects.toMatchObject(refused('unauthenticated'))
  })

  test('names every field that is not right, whoever has the address', async () => {
    for (const email of [fresh(), operator.email]) {
      const { status, body } = await register(email, { name: ' ', password: 'short' })
      expect([status, body.code, body.errors?.map(({ path }) => path)]).toEqual([
        400,
        'invalid_input',
        ['name', 'password'],
      ])
    }
  })
})

describe('an address that has an account', () => {
  test('gets the same answer as a new one, and a letter; its password stays', async () => {
    const [taken, free] = [await register(operator.email), await register(fresh())]
    const shape = ({ status, headers, body }: typeof taken) => [
      status,
      [...headers.keys()].filter((name) => !name.startsWith('ratelimit')).toSorted(),
      Object.keys(body),
      Object.keys(body.user),
      body.token,
      body.user.id.slice(0, 4),
    ]
    expect(shape(taken)).toEqual(shape(free))
    const { text } = await letterTo(operator.email, 'You have an account already')
    expect(text).toContain(`${server.url}/?view=sign-in`)
    expect((await post(server, '/sign-in/email', { email: operator.email, password })).status).toBe(401)
  })

  test('is not told apart by two sign-ups at once, nor by asking for it as one’s own', async () => {
    const email = fresh()
    const both = await Promise.all([register(email), register(email)])
    expect(both.map(({ status, body }) => [status, body.token])).toEqual([
      [200, null],
      [200, null],
    ])
    const person = await signUp(server)
    const body = { email: operator.email, password: person.password }
    expect(await person.client.call(api.account.changeEmail, { body })).toMatchObject({
      email: person.email,
      pendingEmail: operator.email,
    })
  })

  test('that somebody else made goes to whoever sets a new password from its mailbox', async () => {
    const email = fresh()
    const { body } = await register(email)
    const squatter = await held(email)
    await server.client().call(api.account.forgotPassword, { body: { email } })
    const token = secretIn((await letterTo(email, 'Set a new password')).text)
    const newPassword = 'the owner chose this one'
    await server.client().call(api.account.resetPassword, { body: { token, newPassword } })
    await expect(squatter.call(api.identity.me, {})).rejects.toMatchObject(refused('unauthenticated'))
    const me = await (await enter(email, newPassword)).call(api.identity.me, {})
    expect([me.user?.id, me.confirmEmail]).toEqual([body.user.id, null])
  })

  test('is not proved by a link that an operator handed on', async () => {
    const email = fresh()
    const { body } = await register(email)
    await confirmation(email)
    const params = { userId: body.user.id }
    const { url } = await operator.client.call(api.users.createResetLink, { params })
    const newPassword = 'handed on by an operator'
    await server.client().call(api.account.resetPassword, { body: { token: secretIn(url), newPassword } })
    expect((await post(server, '/sign-in/email', { email, password: newPassword })).status).toBe(401)
  })
})

describe('the letter', () => {
  const resend = (email: string, to = server) =>
    to.client().call(api.account.resendConfirmation, { body: { email } })
  const lettersTo = (email: string) => mailbox.messages.filter(({ to }) => to === email).length

  test('comes again when asked, and its link takes the place of the one before', async () => {
    const email = fresh()
    await register(email)
    const first = await confirmation(email)
    expect(await resend(email.toUpperCase())).toEqual({ sendsMail: true })
    await expect.poll(() => lettersTo(email), { timeout: 60_000 }).toBe(2)
    const second = await confirmation(email)
    await expect(confirm(first)).rejects.toMatchObject(refused('not_found', 'newer one took its place'))
    await confirm(second)
    await expect(confirm(second)).rejects.toMatchObject(refused('invalid_state', 'used already'))
  })

  test('goes to the address that was asked for, and leaves a change that waits alone', async () => {
    const [email, better] = [fresh(), fresh()]
    await register(email)
    await (await held(email)).call(api.account.changeEmail, { body: { email: better, password } })
    await confirmation(better)
    await resend(better)
    await expect.poll(() => lettersTo(better), { timeout: 60_000 }).toBe(2)
    await resend(email)
    expect(await confirm(await confirmation(better))).toEqual({ email: better })
  })

  test('is not sent to strangers, nor where there is nothing to confirm; the answer is the same', async () => {
    const nobody = fresh()
    const person = await signUp(server)
    await confirm(await confirmation(person.email), person.password)
    const before = lettersTo(person.email)
    expect(await resend(nobody)).toEqual(await resend(person.email))
    const marker = fresh()
    await register(marker)
    await confirmation(marker)
    expect([lettersTo(nobody), lettersTo(person.email)]).toEqual([0, before])
  })

  test('is limited for each address, whether it has an account or not', async () => {
    const limited = await startTestServer({ beside: server, env: mailbox.env, requestsPerMinute: 10_000 })
    try {
      for (const email of [fresh(), operator.email]) {
        for (let n = 0; n < 5; n++) await resend(email, limited)
        await expect(resend(email, limited)).rejects.toMatchObject(refused('rate_limited'))
      }
    } finally {
      await limited.close()
    }
  })
})

describe('an invitation that was mailed', () => {
  async function invite(email: string) {
    const { id: organizationId } = await operator.client.call(api.organizations.create, {
      body: { name: `Hosts ${++made}` },
    })
    const params = { organizationId }
    await operator.client.call(api.invitations.create, { params, body: { email, role: 'developer' } })
    const { text } = await letterTo(email, `You are invited to Hosts ${made}`)
    return { organizationId, token: /\/onboarding\/invite\/([\w-]+)/.exec(text)![1]! }
  }
  const accept = (client: Client, token: string) => client.call(api.invitations.accept, { params: { token } })

  test('proves the address when it is accepted', async () => {
    const email = fresh()
    await register(email)
    const person = await held(email)
    const { token, organizationId } = await invite(email)
    expect(await accept(person, token)).toMatchObject({ organizationId })
    expect(await person.call(api.account.get, {})).toMatchObject({ emailVerified: true })
    expect((await person.call(api.identity.me, {})).organizations).toHaveLength(1)
  })

  test('proves it at the sign-up already, which then signs in at once', async () => {
    const email = fresh()
    const { token } = await invite(email)
    const { body } = await register(email, { invitation: token })
    const person = server.client(body.token!)
    expect(await person.call(api.identity.me, {})).toMatchObject({ confirmEmail: null })
    await accept(person, token)
  })

  test('proves nothing for another address, nor once it is over', async () => {
    const [invited, other] = [fresh(), fresh()]
    const { token } = await invite(invited)
    expect((await register(other, { invitation: token })).body.token).toBeNull()
    await server.client().call(api.invitations.decline, { params: { token } })
    expect((await register(invited, { invitation: token })).body.token).toBeNull()
    expect((await register(fresh(), { invitation: 'nonsense' })).status).toBe(200)
  })
})

describe('who is not held', () => {
  test('the first account: it becomes the operator, who may have the mail server to mend', async () => {
    const first = await startTestServer({ env: mailbox.env })
    try {
      const response = await post(first, '/sign-up/email', {
        name: 'First',
        email: 'first@example.com',
        password,
      })
      const { token } = (await response.json()) as Answer
      const me = await first.client(token!).call(api.identity.me, {})
      expect(me).toMatchObject({ platformRoles: ['operator'], confirmEmail: 'should' })
    } finally {
      await first.close()
    }
  })

  test('accounts from before there was a mail server are asked, not kept out', async () => {
    const mailless = await startTestServer()
    const before = await signUp(mailless)
    const other = await signUp(mailless)
    const mailing = await startTestServer({ beside: mailless, env: mailbox.env })
    try {
      expect(await before.client.call(api.identity.me, {})).toMatchObject({ confirmEmail: null })
      const same = mailing.client(other.token)
      expect(await same.call(api.identity.me, {})).toMatchObject({ confirmEmail: 'should' })
      expect((await same.call(api.organizations.create, { body: { name: 'As Ever' } })).name).toBe('As Ever')
    } finally {
      await mailing.close()
      await mailless.close()
    }
  })

  test('everybody, once the mail server is gone', async () => {
    const email = fresh()
    await register(email)
    await confirmation(email)
    const response = await post(silent, '/sign-in/email', { email, password })
    const person = silent.client(((await response.json()) as Answer).token!)
    expect((await person.call(api.organizations.create, { body: { name: 'Free' } })).name).toBe('Free')
  })
})
