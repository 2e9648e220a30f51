import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { api } from '@berth/contracts'
import {
  movableClock,
  signUp,
  startTestServer,
  type TestPerson,
  type TestServer,
} from '../../platform/testing/index.ts'
import { recoverOperator } from '../people/recover.ts'
import { bearerOf, dumpOf, statusOfMe } from '../people/test-kit.ts'
import { totpSealed } from './second-factor.ts'
import { codeOf, eventsAbout, refused, signIn, turnOn } from './test-kit.ts'

const clock = movableClock(new Date())
let server: TestServer
let second: TestServer

beforeAll(async () => {
  server = await startTestServer({ clock })
  second = await startTestServer({ clock, beside: server })
  await signUp(server)
})
afterAll(async () => {
  await second.close()
  await server.close()
})

const halfMinute = 30_000
const factorOf = async (person: TestPerson) => (await person.client.call(api.account.get, {})).secondFactor

/** A person with a second factor; the code it was turned on with is spent. */
async function guarded() {
  const person = await signUp(server)
  const factor = await turnOn(person, clock.now())
  clock.advance(halfMinute)
  const code = () => codeOf(factor.secret, clock.now())
  return { person, ...factor, code }
}

describe('turning the second factor on', () => {
  test('asks for the password, and counts only once a code of the app was shown', async () => {
    const person = await signUp(server)
    const enrol = (password: string) => person.client.call(api.account.enrolTotp, { body: { password } })
    await expect(enrol('not the password')).rejects.toMatchObject({
      problem: { code: 'invalid_input', errors: [{ path: 'password' }] },
    })
    const { secret, uri } = await enrol(person.password)
    expect(uri).toContain(`secret=${secret}&issuer=Berth`)
    expect(await factorOf(person)).toEqual({ enabledAt: null, recoveryCodesLeft: 0 })
    expect((await signIn(server, person)).status).toBe(200)

    const wrong = person.client.call(api.account.confirmTotp, { body: { code: '000000' } })
    await expect(wrong).rejects.toMatchObject({
      problem: { code: 'invalid_input', errors: [{ path: 'code' }] },
    })
    const body = { code: codeOf(secret, clock.now()) }
    const { recoveryCodes } = await person.client.call(api.account.confirmTotp, { body })
    expect(new Set(recoveryCodes).size).toBe(10)
    for (const code of recoveryCodes) expect(code).toMatch(/^([a-z2-9]{4}-){3}[a-z2-9]{4}$/)
    expect(await factorOf(person)).toEqual({ enabledAt: expect.any(String), recoveryCodesLeft: 10 })
    await expect(enrol(person.password)).rejects.toMatchObject(refused('invalid_state', 'on already'))
    expect(await eventsAbout(server, person.userId)).toContain('user.totp_enabled')
  })

  test('leaves neither secret nor recovery code readable in the database', async () => {
    const { secret, recoveryCodes } = await guarded()
    const dump = await dumpOf(server)
    for (const shown of [secret, ...recoveryCodes]) {
      expect(dump).not.toContain(shown)
      expect(dump).not.toContain(shown.replaceAll('-', ''))
    }
  })
})

describe('signing in with a second factor', () => {
  test('takes the right password and a code, in one request', async () => {
    const { person, code } = await guarded()
    expect(await signIn(server, person)).toMatchObject({ status: 401, code: 'second_factor_required' })
    expect(await signIn(server, { ...person, code: '000000' })).toMatchObject({
      status: 401,
      code: 'second_factor_required',
      errors: [{ path: 'code', message: expect.stringContaining('not right') }],
    })
    const { status, token } = await signIn(server, { ...person, code: code() })
    expect(status).toBe(200)
    expect(await statusOfMe(server, bearerOf(token!))).toBe(200)
  })

  test('says nothing of the second factor to who does not know the password', async () => {
    const { person, code } = await guarded()
    for (const given of [{}, { code: code() }, { code: '000000' }]) {
      const answer = await signIn(server, { ...person, password: 'not the password', ...given })
      expect(answer).toMatchObject({ status: 401, code: 'unauthenticated' })
      expect(answer.detail).toBe('The e-mail address or the password is wrong.')
    }
  })

  test('ignores whatever spelling the address and the code have', async () => {
    const { person, code } = await guarded()
    const spaced = code().replace(/^(...)/, '$1 ')
    const answer = await signIn(server, { ...person, email: person.email.toUpperCase(), code: spaced })
    expect(answer.status).toBe(200)
  })

  test('takes no code twice, not even when it is shown to two processes at once', async () => {
    const { person, code } = await guarded()
    const given = { ...person, code: code() }
    const answers = await Promise.all([server, second, server, second].map((one) => signIn(one, given)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect((await signIn(server, given)).status).toBe(401)
    clock.advance(halfMinute)
    expect((await signIn(server, given)).status).toBe(401)
  })

  test('takes no code from before one that was taken', async () => {
    const { person, secret } = await guarded()
    const [present, next] = [clock.now(), new Date(clock.now().getTime() + halfMinute)]
    expect((await signIn(server, { ...person, code: codeOf(secret, next) })).status).toBe(200)
    expect((await signIn(server, { ...person, code: codeOf(secret, present) })).status).toBe(401)
  })

  test('takes each recovery code once, whoever comes first', async () => {
    const { person, recoveryCodes } = await guarded()
    const given = { ...person, code: recoveryCodes[0]!.toUpperCase().replaceAll('-', ' ') }
    const answers = await Promise.all([server, second, server, second].map((one) => signIn(one, given)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect((await factorOf(person)).recoveryCodesLeft).toBe(9)
    expect((await signIn(server, { ...person, code: recoveryCodes[1]! })).status).toBe(200)
    expect(
      (await eventsAbout(server, person.userId)).filter((type) => type === 'user.recovery_code_used'),
    ).toHaveLength(2)
  })

  test('is closed for a while after ten wrong codes in a row, for right ones too', async () => {
    const { person, code, recoveryCodes } = await guarded()
    for (let n = 0; n < 10; n++)
      expect((await signIn(n % 2 ? server : second, { ...person, code: '000000' })).status).toBe(401)
    for (const right of [code(), recoveryCodes[0]!]) {
      expect(await signIn(server, { ...person, code: right })).toMatchObject({
        status: 429,
        code: 'rate_limited',
      })
    }
    clock.advance(15 * 60_000)
    expect((await signIn(server, { ...person, code: code() })).status).toBe(200)
    expect(await eventsAbout(server, person.userId)).toContain('user.totp_locked')
  })
})

describe('with a second factor', () => {
  test('new recovery codes take the place of the old ones', async () => {
    const { person, code, recoveryCodes } = await guarded()
    const body = { password: person.password, code: code() }
    const renewed = await person.client.call(api.account.renewRecoveryCodes, { body })
    expect(renewed.recoveryCodes).toHaveLength(10)
    expect((await signIn(server, { ...person, code: recoveryCodes[0]! })).status).toBe(401)
    expect((await signIn(server, { ...person, code: renewed.recoveryCodes[0]! })).status).toBe(200)
  })

  test('turning it off takes password and code, and then the password alone signs in', async () => {
    const { person, code } = await guarded()
    const off = (body: { password: string; code: string }) =>
      person.client.call(api.account.disableTotp, { body })
    await expect(off({ password: 'not the password', code: code() })).rejects.toMatchObject({
      problem: { errors: [{ path: 'password' }] },
    })
    await expect(off({ password: person.password, code: '000000' })).rejects.toMatchObject({
      problem: { errors: [{ path: 'code' }] },
    })
    await off({ password: person.password, code: code() })
    expect(await factorOf(person)).toEqual({ enabledAt: null, recoveryCodesLeft: 0 })
    expect((await signIn(server, person)).status).toBe(200)
    expect(await eventsAbout(server, person.userId)).toContain('user.totp_disabled')
  })

  test('a device is let in by somebody who showed it, without showing it again', async () => {
    const { person } = await guarded()
    const post = async (path: string, body: object, token?: string) => {
      const response = await fetch(`${server.url}/api/auth${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(token && bearerOf(token)) },
        body: JSON.stringify(body),
      })
      return (await response.json()) as Record<string, string>
    }
    const codes = await post('/device/code', { client_id: 'mcpctl' })
    await fetch(`${server.url}/api/auth/device?user_code=${codes['user_code']}`, {
      headers: bearerOf(person.token),
    })
    await post('/device/approve', { userCode: codes['user_code'] }, person.token)
    const { access_token: token } = await post('/device/token', {
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: codes['device_code'],
      client_id: 'mcpctl',
    })
    expect(await statusOfMe(server, bearerOf(token!))).toBe(200)
  })

  test('whose secret is lost with the key, a recovery code is still asked for, and the password alone does not do', async () => {
    const { person, code, recoveryCodes } = await guarded()
    await sql.raw(totpSealed.forget).execute(server.berth.platform.db)
    expect(await signIn(server, person)).toMatchObject({ status: 401, code: 'second_factor_required' })
    for (let n = 0; n < 11; n++)
      expect(await signIn(server, { ...person, code: code() })).toMatchObject({
        status: 401,
        errors: [{ path: 'code', message: expect.stringContaining('use a recovery code') }],
      })
    const { status, token } = await signIn(server, { ...person, code: recoveryCodes[0]! })
    expect(status).toBe(200)
    const client = server.client(token)
    const body = { password: person.password, code: recoveryCodes[1]! }
    await client.call(api.account.disableTotp, { body })
    await turnOn({ ...person, client }, clock.now())
  })

  test('that was begun with a key that is lost is begun anew', async () => {
    const person = await signUp(server)
    const { secret } = await person.client.call(api.account.enrolTotp, {
      body: { password: person.password },
    })
    await sql.raw(totpSealed.forget).execute(server.berth.platform.db)
    const body = { code: codeOf(secret, clock.now()) }
    const confirmed = person.client.call(api.account.confirmTotp, { body })
    await expect(confirmed).rejects.toMatchObject(refused('invalid_state', 'Begin with the secret'))
    await turnOn(person, clock.now())
  })

  test('an operator that is recovered on the machine gets in without it', async () => {
    const { person } = await guarded()
    const { password } = await recoverOperator(server.berth.platform, { email: person.email })
    expect((await signIn(server, { email: person.email, password })).status).toBe(200)
  })
})
