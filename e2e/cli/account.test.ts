import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { api } from '@berth/contracts'
import { openMailbox, type Mailbox } from '../../server/src/notifications/testing/mailbox.ts'
import {
  signUp,
  startTestServer,
  type TestPerson,
  type TestServer,
} from '../../server/src/platform/testing/index.ts'
import { eventually } from '../support/eventually.ts'
import { codeOf } from '../support/totp.ts'
import { Mcpctl, signedIn, type List } from './support.ts'

// Each step starts a process; a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 })

let mailbox: Mailbox
let server: TestServer
let operator: TestPerson
let admin: Mcpctl
const clis: Mcpctl[] = []

beforeAll(async () => {
  mailbox = await openMailbox()
  server = await startTestServer({ env: mailbox.env })
  operator = await signUp(server)
  admin = await cliOf(operator)
})

afterAll(async () => {
  for (const cli of clis) await cli.close()
  await server.close()
  await mailbox.close()
})

async function cliOf(person: { email: string; password: string }): Promise<Mcpctl> {
  const cli = await signedIn(server.url, person)
  clis.push(cli)
  return cli
}

/** Runs a command whose answers come on stdin; what it printed as JSON. */
async function answering<T = Record<string, unknown>>(
  cli: Mcpctl,
  args: string[],
  ...lines: string[]
): Promise<T> {
  const result = await cli.run(['--json', ...args, '--password-stdin'], { stdin: lines.join('\n') })
  if (result.code !== 0)
    throw new Error(`mcpctl ${args.join(' ')} ended with ${result.code}:\n${result.stderr}`)
  return JSON.parse(result.stdout) as T
}

const another = 'another fine password'

async function linkTo(email: string, page?: '/reset'): Promise<string> {
  const token = await eventually(`mail to ${email}`, async () => mailbox.tokenFor(email, page))
  return `${server.url}/somewhere#token=${token}`
}

describe('account', () => {
  it('shows and changes name, address and password, and forgets nothing it should keep', async () => {
    const person = await signUp(server)
    const cli = await cliOf(person)
    expect(await cli.json('account', 'name', 'Ada Lovelace')).toMatchObject({ name: 'Ada Lovelace' })
    expect(await cli.text('account', 'show')).toContain('Ada Lovelace')

    const email = `cli-${person.email}`
    expect(await answering(cli, ['account', 'email', email], person.password)).toMatchObject({
      pendingEmail: email,
    })
    expect(await answering(cli, ['account', 'confirm-email'], await linkTo(email), person.password)).toEqual({
      email,
    })

    const wrong = await cli.run(['account', 'password', '--password-stdin'], { stdin: `wrong\n${another}` })
    expect(wrong.code).toBe(1)
    expect(wrong.stderr).toContain('currentPassword: this is not your present password')
    await person.client.call(api.organizations.create, { body: { name: 'With a token' } })
    const made = await person.client.call(api.tokens.createMine, {
      body: { name: 'mine', scopes: ['organization:read'] },
    })
    await answering(cli, ['account', 'password', '--revoke-tokens'], person.password, another)
    await expect(server.client(made.secret).call(api.identity.me, {})).rejects.toMatchObject({
      problem: { code: 'unauthenticated' },
    })
    expect(await cli.json('account', 'show')).toMatchObject({ email, emailVerified: true })
    await cliOf({ email, password: another })

    const { items } = await cli.json<List<{ id: string; current: boolean }>>('account', 'sessions', 'list')
    expect(items).toHaveLength(2)
    const other = items.find((one) => !one.current)!.id
    expect(await cli.json('account', 'sessions', 'end', other)).toMatchObject({ ended: true })
    await cliOf({ email, password: another })
    expect(await cli.json('account', 'sessions', 'end-others')).toEqual({ ended: 1 })
  })

  it('sets a forgotten password with the link that was mailed', async () => {
    const person = await signUp(server)
    const nobody = new Mcpctl(server.url)
    clis.push(nobody)
    expect(await nobody.json('account', 'forgot', person.email)).toEqual({ sendsMail: true })
    const link = await linkTo(person.email, '/reset')
    expect(await answering(nobody, ['account', 'reset'], link, another)).toEqual({ reset: true })
    await cliOf({ ...person, password: another })
    const again = await nobody.run(['account', 'reset', '--password-stdin'], { stdin: `${link}\n${another}` })
    expect(again.code).toBe(1)
    expect(again.stderr).toContain('used already')
  })

  it('turns a second factor on and off, and signs in with it', async () => {
    const person = await signUp(server)
    const cli = await cliOf(person)
    const { secret } = await answering<{ secret: string }>(
      cli,
      ['account', 'totp', 'enable'],
      person.password,
    )
    const { recoveryCodes } = await answering<{ recoveryCodes: string[] }>(
      cli,
      ['account', 'totp', 'confirm'],
      codeOf(secret),
    )
    expect(recoveryCodes).toHaveLength(10)

    const login = (...lines: string[]) =>
      cli.run(['login', '--email', person.email, '--password-stdin'], { stdin: lines.join('\n') })
    expect(await login(person.password)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Code of your authenticator app'),
    })
    expect(await login(person.password, '000000')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('this code is not right'),
    })
    expect(await login(person.password, recoveryCodes[0]!)).toMatchObject({ code: 0 })
    expect(await login(person.password, recoveryCodes[0]!)).toMatchObject({ code: 3 })

    const renewed = await answering<{ recoveryCodes: string[] }>(
      cli,
      ['account', 'totp', 'recovery-codes'],
      person.password,
      recoveryCodes[1]!,
    )
    expect(renewed.recoveryCodes).not.toContain(recoveryCodes[2])
    await answering(cli, ['account', 'totp', 'disable'], person.password, renewed.recoveryCodes[0]!)
    expect(await login(person.password)).toMatchObject({ code: 0 })
  })

  it('deletes itself, once nothing stands in the way, and forgets the sign-in', async () => {
    const person = await signUp(server)
    const cli = await cliOf(person)
    const { id } = await person.client.call(api.organizations.create, { body: { name: 'Harbour' } })
    const remove = () =>
      cli.run(['account', 'delete', '--yes', '--password-stdin'], { stdin: person.password })
    expect(await remove()).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('only owner of "Harbour"'),
    })
    await person.client.call(api.organizations.addMember, {
      params: { organizationId: id },
      body: { email: operator.email, role: 'owner' },
    })
    expect(await remove()).toMatchObject({ code: 0 })
    expect((await cli.run(['whoami'])).code).toBe(3)
    expect(readFileSync(path.join(cli.home, 'berth/credentials.json'), 'utf8')).not.toContain(server.url)
  })
})

describe('admin users', () => {
  it('finds people, disables and enables them, and gives and takes roles', async () => {
    const { email } = await signUp(server)
    const found = await admin.json<List<{ email: string }>>('admin', 'users', 'list', '--search', email)
    expect(found.items.map((one) => one.email)).toEqual([email])
    expect(await admin.text('admin', 'users', 'list')).toContain(operator.email)
    expect(await admin.json('admin', 'users', 'disable', email, '--yes')).toMatchObject({ state: 'disabled' })
    expect(await admin.json('admin', 'users', 'show', email)).toMatchObject({ state: 'disabled' })
    expect(await admin.json('admin', 'users', 'enable', email)).toMatchObject({ state: 'active' })
    expect(await admin.json('admin', 'users', 'grant', email, 'reviewer')).toMatchObject({
      platformRoles: ['reviewer'],
    })
    expect(await admin.json('admin', 'users', 'revoke', email, 'reviewer')).toMatchObject({
      platformRoles: [],
    })
    const last = await admin.run(['admin', 'users', 'revoke', operator.email, 'operator'])
    expect(last).toMatchObject({ code: 1, stderr: expect.stringContaining('only operator') })
    expect((await admin.run(['admin', 'users', 'show', 'nobody@example.com'])).code).toBe(1)
  })

  it('helps who is locked out: a link alone on stdout, and the second factor taken off', async () => {
    const person = await signUp(server)
    const url = (await admin.text('admin', 'users', 'reset-link', person.email)).trim()
    await answering(admin, ['account', 'reset'], url, another)
    const cli = await cliOf({ ...person, password: another })
    const { secret } = await answering<{ secret: string }>(cli, ['account', 'totp', 'enable'], another)
    await answering(cli, ['account', 'totp', 'confirm'], codeOf(secret))
    expect(await admin.json('admin', 'users', 'remove-totp', person.email, '--yes')).toMatchObject({
      secondFactor: false,
    })
    await cliOf({ ...person, password: another })
  })
})

describe('admin outbox', () => {
  it('shows what failed, and sends it again', async () => {
    const { email } = await signUp(server)
    mailbox.refuse = () => ({ code: 550, text: 'no such mailbox' })
    await admin.text('account', 'forgot', email)
    const failed = await eventually('the message failed', async () => {
      const { items } = await operator.client.call(api.notifications.outbox, { query: { state: 'failed' } })
      return items.find(({ recipient }) => recipient === email)
    })
    expect(await admin.text('admin', 'outbox', 'list', '--state', 'failed')).toContain('no such mailbox')
    mailbox.refuse = () => null
    expect(await admin.json('admin', 'outbox', 'resend', failed.id)).toMatchObject({ state: 'queued' })
    await linkTo(email)
  })

  it('prints what operators hand on where there is no mail server', async () => {
    const silent = await startTestServer()
    const cli = await (async () =>
      signedIn(silent.url, await signUp(silent, { email: 'alone@example.com' })))()
    try {
      await cli.text('account', 'forgot', 'alone@example.com')
      expect(await cli.text('admin', 'outbox', 'list', '--text')).toContain(`${silent.url}/reset#token=`)
    } finally {
      await cli.close()
      await silent.close()
    }
  })
})
