import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { api } from '@berth/contracts'
import { openMailbox, type Mailbox } from '../../notifications/testing/mailbox.ts'
import {
  movableClock,
  signUp,
  startTestServer,
  type TestPerson,
  type TestServer,
} from '../../platform/testing/index.ts'
import { bearerOf, cookieOf, dumpOf, post, statusOfMe } from '../people/test-kit.ts'
import { eventsAbout, refused, signIn, turnOn } from './test-kit.ts'

const clock = movableClock(new Date())
let mailbox: Mailbox
let server: TestServer
let second: TestServer
let operator: TestPerson

beforeAll(async () => {
  mailbox = await openMailbox()
  server = await startTestServer({ clock, env: mailbox.env })
  second = await startTestServer({ clock, env: mailbox.env, beside: server })
  operator = await signUp(server)
})
afterAll(async () => {
  await second.close()
  await server.close()
  await mailbox.close()
})

const hourMs = 3600_000
const another = 'another fine password'

const forgot = (email: string, at = server) =>
  at.client().call(api.account.forgotPassword, { body: { email } })
const reset = (token: string, newPassword = another, at = server) =>
  at.client().call(api.account.resetPassword, { body: { token, newPassword } })

const json = async (answer: Promise<Response>) => (await (await answer).json()) as Record<string, string>

async function mailed(person: TestPerson): Promise<string> {
  const seen = mailbox.tokenFor(person.email, '/reset')
  await forgot(person.email)
  return (await expect
    .poll(() => mailbox.tokenFor(person.email, '/reset'), { timeout: 60_000 })
    .not.toBe(seen)
    .then(() => mailbox.tokenFor(person.email, '/reset')))!
}

async function handedOn({ userId }: TestPerson): Promise<string> {
  const { url } = await operator.client.call(api.users.createResetLink, { params: { userId } })
  expect(url).toContain(`${server.url}/reset#token=`)
  return url.split('#token=')[1]!
}

describe('changing the password', () => {
  test('takes the present one, ends every other sign-in, and tells its owner', async () => {
    const person = await signUp(server)
    const cookie = await cookieOf(server, person)
    const change = (currentPassword: string, newPassword = another) =>
      person.client.call(api.account.changePassword, { body: { currentPassword, newPassword } })
    await expect(change('not the password')).rejects.toMatchObject({
      problem: { code: 'invalid_input', errors: [{ path: 'currentPassword' }] },
    })
    await expect(change(person.password, 'short')).rejects.toMatchObject({
      problem: { errors: [{ path: 'newPassword', message: 'use at least 12 characters' }] },
    })
    await change(person.password)
    expect(await statusOfMe(server, bearerOf(person.token))).toBe(200)
    expect(await statusOfMe(server, { cookie })).toBe(401)
    expect((await signIn(server, person)).status).toBe(401)
    expect((await signIn(server, { ...person, password: another })).status).toBe(200)
    expect(await eventsAbout(server, person.userId)).toContain('user.password_changed')
    await expect
      .poll(() => mailbox.latestTo(person.email)?.subject, { timeout: 60_000 })
      .toBe('Your password was changed')
  })

  test('leaves API tokens as they are, or revokes them with it', async () => {
    const person = await signUp(server)
    await person.client.call(api.organizations.create, { body: { name: 'Tokens' } })
    const token = async () => {
      const body = { name: 'mine', scopes: ['organization:read' as const] }
      return (await person.client.call(api.tokens.createMine, { body })).secret
    }
    const first = await token()
    const body = { currentPassword: person.password, newPassword: another }
    await person.client.call(api.account.changePassword, { body })
    expect(await statusOfMe(server, bearerOf(first))).toBe(200)
    const again = { currentPassword: another, newPassword: 'a third fine password', revokeTokens: true }
    await expect(
      person.client.call(api.account.changePassword, { body: { ...again, currentPassword: 'wrong' } }),
    ).rejects.toMatchObject({ problem: { errors: [{ path: 'currentPassword' }] } })
    expect(await statusOfMe(server, bearerOf(first))).toBe(200)
    await person.client.call(api.account.changePassword, { body: again })
    expect(await statusOfMe(server, bearerOf(first))).toBe(401)

    const later = await token()
    await reset(await handedOn(person))
    expect(await statusOfMe(server, bearerOf(later))).toBe(200)
    const link = { token: await handedOn(person), newPassword: 'a fourth fine password', revokeTokens: true }
    await server.client().call(api.account.resetPassword, { body: link })
    expect(await statusOfMe(server, bearerOf(later))).toBe(401)
  })

  test('of two changes at once leaves one password, and says so to the other', async () => {
    const person = await signUp(server)
    const client = second.client(person.token)
    const results = await Promise.allSettled(
      ['first fine password', 'second fine password'].map((newPassword, n) =>
        (n ? client : person.client).call(api.account.changePassword, {
          body: { currentPassword: person.password, newPassword },
        }),
      ),
    )
    const done = results.filter(({ status }) => status === 'fulfilled')
    expect(done.length).toBe(1)
  })
})

describe('a forgotten password', () => {
  test('is answered the same for whoever there is, and mailed only to them', async () => {
    const person = await signUp(server)
    const answers = [await forgot(person.email), await forgot('nobody@example.com')]
    expect(answers[0]).toEqual(answers[1])
    await expect
      .poll(() => mailbox.latestTo(person.email)?.subject, { timeout: 60_000 })
      .toBe('Set a new password')
    expect(mailbox.latestTo('nobody@example.com')).toBeNull()
  })

  test('is replaced with the link, which ends all sign-ins and is good once', async () => {
    const person = await signUp(server)
    const token = await mailed(person)
    await reset(token)
    expect(await statusOfMe(server, bearerOf(person.token))).toBe(401)
    expect((await signIn(server, { ...person, password: another })).status).toBe(200)
    await expect(reset(token, 'a third fine password')).rejects.toMatchObject(
      refused('invalid_state', 'used already'),
    )
    expect(await eventsAbout(server, person.userId)).toEqual(
      expect.arrayContaining(['user.reset_link_created', 'user.password_reset', 'session.revoked']),
    )
  })

  test('is replaced once when one link is used many times at once', async () => {
    const person = await signUp(server)
    const token = await handedOn(person)
    const passwords = Array.from({ length: 6 }, (_, n) => `a fine password, number ${n}`)
    const results = await Promise.allSettled(
      passwords.map((password, n) => reset(token, password, n % 2 ? server : second)),
    )
    const won = results.flatMap(({ status }, n) => (status === 'fulfilled' ? [passwords[n]!] : []))
    expect(won).toHaveLength(1)
    expect((await signIn(server, { ...person, password: won[0]! })).status).toBe(200)
  })

  test('links expire after an hour', async () => {
    const person = await signUp(server)
    const token = await handedOn(person)
    clock.advance(hourMs)
    await expect(reset(token)).rejects.toMatchObject(refused('invalid_state', 'expired'))
    expect((await signIn(server, person)).status).toBe(200)
  })

  test('links are worth nothing once there is a newer one, or another password', async () => {
    const person = await signUp(server)
    const [older, newer] = [await handedOn(person), await handedOn(person)]
    await expect(reset(older)).rejects.toMatchObject(refused('not_found', 'newer one'))
    const body = { currentPassword: person.password, newPassword: another }
    await person.client.call(api.account.changePassword, { body })
    await expect(reset(newer)).rejects.toMatchObject(refused('not_found'))
    await expect(reset('A'.repeat(43))).rejects.toMatchObject(refused('not_found', 'not known'))
  })

  test('takes back, once replaced, what somebody who knew the old one has begun', async () => {
    const person = await signUp(server)
    const theirs = `thief-${person.email}`
    const body = { email: theirs, password: person.password }
    await person.client.call(api.account.changeEmail, { body })
    await expect.poll(() => mailbox.tokenFor(theirs), { timeout: 60_000 }).not.toBeNull()
    const codes = await json(post(server, '/device/code', { client_id: 'mcpctl' }))
    await fetch(`${server.url}/api/auth/device?user_code=${codes['user_code']}`, {
      headers: bearerOf(person.token),
    })
    await post(server, '/device/approve', { userCode: codes['user_code'] }, bearerOf(person.token))

    await reset(await handedOn(person))
    const confirmed = server.client().call(api.account.confirmEmail, {
      body: { token: mailbox.tokenFor(theirs)!, password: another },
    })
    await expect(confirmed).rejects.toMatchObject(refused('not_found'))
    const device = await post(server, '/device/token', {
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: codes['device_code'],
      client_id: 'mcpctl',
    })
    expect(device.status).toBe(400)
    expect((await signIn(server, { ...person, password: another })).status).toBe(200)
  })

  test('leaves the confirmation of the present address as it is, once replaced', async () => {
    const person = await signUp(server)
    await expect.poll(() => mailbox.tokenFor(person.email), { timeout: 60_000 }).not.toBeNull()
    const token = mailbox.tokenFor(person.email)!
    await reset(await handedOn(person))
    expect(
      await server.client().call(api.account.confirmEmail, { body: { token, password: another } }),
    ).toEqual({
      email: person.email,
    })
  })

  test('links leave nothing in the database that could be used', async () => {
    const person = await signUp(server)
    const tokens = [await mailed(person), await handedOn(await signUp(server))]
    const dump = await dumpOf(server)
    for (const token of tokens) expect(dump).not.toContain(token)
  })

  test('set with a link does not do without the second factor', async () => {
    const person = await signUp(server)
    const { recoveryCodes } = await turnOn(person, clock.now())
    await reset(await handedOn(person))
    const given = { ...person, password: another }
    expect(await signIn(server, given)).toMatchObject({ code: 'second_factor_required' })
    expect((await signIn(server, { ...given, code: recoveryCodes[0]! })).status).toBe(200)
  })

  test('stays as it is while the account is disabled', async () => {
    const person = await signUp(server)
    const token = await handedOn(person)
    await operator.client.call(api.users.disable, { params: { userId: person.userId } })
    await expect(reset(token)).rejects.toMatchObject(refused('forbidden', 'disabled'))
    await forgot(person.email)
    expect(await eventsAbout(server, person.userId)).not.toContain('user.password_reset')
  })
})

test('tries are limited, over all processes together, and say when to come again', async () => {
  const limited = await startTestServer({ clock, requestsPerMinute: 10_000 })
  const beside = await startTestServer({ clock, beside: limited, requestsPerMinute: 10_000 })
  try {
    const person = await signUp(limited)
    const tried = async (path: string, body: object, n: number) => {
      const response = await fetch(`${(n % 2 ? limited : beside).url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...bearerOf(person.token) },
        body: JSON.stringify(body),
      })
      if (response.status === 429) expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
      return response.status
    }
    const countOf = (statuses: number[], wanted: number) => statuses.filter((one) => one === wanted).length
    const tries = Array.from({ length: 23 }, (_, n) => n)

    const asked = await Promise.all(
      tries.map((n) => tried('/api/password/forgot', { email: `nobody${n}@example.com` }, n)),
    )
    expect([countOf(asked, 200), countOf(asked, 429)]).toEqual([20, 3])
    const wrong = { currentPassword: 'a wrong guess', newPassword: another }
    const guessed = await Promise.all(tries.map((n) => tried('/api/me/password', wrong, n)))
    expect([countOf(guessed, 400), countOf(guessed, 429)]).toEqual([20, 3])

    // What is counted is the same with a second factor: else the limit would tell who has one.
    const guarded = await signUp(limited)
    await turnOn(guarded, clock.now())
    const signIns = await Promise.all(
      tries.map((n) =>
        tried('/api/auth/sign-in/email', { email: `nobody${n}@example.com`, password: another }, n),
      ),
    )
    expect([countOf(signIns, 401), countOf(signIns, 429)]).toEqual([20, 3])
    const { email } = guarded
    expect(await tried('/api/auth/sign-in/email', { email, password: 'a wrong guess' }, 0)).toBe(429)

    const counted = await limited.berth.platform.db.selectFrom('authRateLimits').select('key').execute()
    expect(counted.map(({ key }) => key).join()).not.toContain('@')
  } finally {
    await beside.close()
    await limited.close()
  }
})
