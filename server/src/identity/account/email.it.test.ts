import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { api } from '@berth/contracts'
import { openMailbox, type Mailbox } from '../../notifications/testing/mailbox.ts'
import { signUp, startTestServer, type TestPerson, type TestServer } from '../../platform/testing/index.ts'
import { eventsAbout, refused, signIn } from './test-kit.ts'

let mailbox: Mailbox
let mailing: TestServer
let silent: TestServer

beforeAll(async () => {
  mailbox = await openMailbox()
  mailing = await startTestServer({ env: mailbox.env })
  silent = await startTestServer()
})
afterAll(async () => {
  await mailing.close()
  await silent.close()
  await mailbox.close()
})

let made = 0
const fresh = () => `renamed${++made}@example.com`
const change = ({ client, password }: TestPerson, email: string) =>
  client.call(api.account.changeEmail, { body: { email, password } })
const confirm = (token: string, { password }: TestPerson) =>
  mailing.client().call(api.account.confirmEmail, { body: { token, password } })

async function tokenFor(email: string): Promise<string> {
  await expect.poll(() => mailbox.tokenFor(email), { timeout: 60_000 }).not.toBeNull()
  return mailbox.tokenFor(email)!
}

/** The link that comes after another one to the same address. */
async function tokenAfter(before: string, email: string): Promise<string> {
  await expect.poll(() => mailbox.tokenFor(email), { timeout: 60_000 }).not.toBe(before)
  return mailbox.tokenFor(email)!
}

test('the name changes, and the log keeps only a commitment to it', async () => {
  const person = await signUp(silent)
  const account = await person.client.call(api.account.changeName, { body: { name: ' Grace Hopper ' } })
  expect(account.name).toBe('Grace Hopper')
  expect((await person.client.call(api.identity.me, {})).user?.name).toBe('Grace Hopper')
  const { payload, leaf } = await silent.berth.platform.db
    .selectFrom('events')
    .select(['payload', 'leaf'])
    .where('type', '=', 'user.updated')
    .executeTakeFirstOrThrow()
  expect(JSON.stringify(payload) + leaf.toString()).not.toContain('Hopper')
})

describe('without a mail server', () => {
  test('a new address counts at once, unconfirmed, and takes the password', async () => {
    const person = await signUp(silent)
    const email = fresh()
    await expect(change({ ...person, password: 'not the password' }, email)).rejects.toMatchObject({
      problem: { code: 'invalid_input', errors: [{ path: 'password' }] },
    })
    expect(await change(person, email.toUpperCase())).toMatchObject({
      email,
      emailVerified: false,
      pendingEmail: null,
      sendsMail: false,
    })
    expect((await signIn(silent, { ...person, email })).status).toBe(200)
    expect((await signIn(silent, person)).status).toBe(401)
  })

  test('an address belongs to one account, also when two take it at once', async () => {
    const [one, other] = [await signUp(silent), await signUp(silent)]
    await expect(change(one, other.email)).rejects.toMatchObject({
      problem: { code: 'duplicate', errors: [{ path: 'email' }] },
    })
    const email = fresh()
    const results = await Promise.allSettled([change(one, email), change(other, email)])
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })
})

describe('with a mail server', () => {
  test('a new address counts once its link was opened, and the former one is told', async () => {
    const person = await signUp(mailing)
    const email = fresh()
    expect(await change(person, email)).toMatchObject({ email: person.email, pendingEmail: email })
    expect((await signIn(mailing, person)).status).toBe(200)
    const token = await tokenFor(email)
    expect(await confirm(token, person)).toEqual({ email })
    expect(await person.client.call(api.account.get, {})).toMatchObject({
      email,
      emailVerified: true,
      pendingEmail: null,
    })
    await expect
      .poll(() => mailbox.latestTo(person.email)?.subject, { timeout: 60_000 })
      .toBe('Your e-mail address was changed')
    await expect(confirm(token, person)).rejects.toMatchObject(refused('invalid_state', 'used already'))
    expect(await eventsAbout(mailing, person.userId)).toEqual(
      expect.arrayContaining(['user.email_change_requested', 'user.email_changed']),
    )
  })

  test('giving the present address again sends its link, or takes a change back', async () => {
    const person = await signUp(mailing)
    const first = await tokenFor(person.email)
    const email = fresh()
    await change(person, email)
    expect(await change(person, person.email)).toMatchObject({ pendingEmail: person.email })
    await expect(confirm(await tokenFor(email), person)).rejects.toMatchObject(refused('not_found'))
    await confirm(await tokenAfter(first, person.email), person)
    expect(await change(person, person.email)).toMatchObject({ emailVerified: true, pendingEmail: null })
  })

  test('a link of an address that somebody else took meanwhile is refused', async () => {
    const person = await signUp(mailing)
    const email = fresh()
    await change(person, email)
    const token = await tokenFor(email)
    await signUp(mailing, { email })
    await expect(confirm(token, person)).rejects.toMatchObject(refused('duplicate'))
    expect(await person.client.call(api.account.get, {})).toMatchObject({ email: person.email })
  })

  test('a link that sets a password does not outlive the address it went to', async () => {
    const person = await signUp(mailing)
    await mailing.client().call(api.account.forgotPassword, { body: { email: person.email } })
    await expect.poll(() => mailbox.tokenFor(person.email, '/reset'), { timeout: 60_000 }).not.toBeNull()
    const token = mailbox.tokenFor(person.email, '/reset')!
    const email = fresh()
    await change(person, email)
    await confirm(await tokenFor(email), person)
    const body = { token, newPassword: 'another fine password' }
    await expect(mailing.client().call(api.account.resetPassword, { body })).rejects.toMatchObject(
      refused('not_found'),
    )
  })
})
