import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { api } from '@berth/contracts'
import { subscribeTo } from '../../billing/test-kit.ts'
import { openMailbox } from '../../notifications/testing/mailbox.ts'
import {
  movableClock,
  signUp,
  startTestServer,
  type TestPerson,
  type TestServer,
} from '../../platform/testing/index.ts'
import { expireInvitations } from './sweep.ts'
import { invitationsOn, refused, said, tokenOf } from './test-kit.ts'

const dayMs = 24 * 3600_000

const clock = movableClock(new Date())
let server: TestServer
let owner: TestPerson
let organizationId: string
const { found, invite, preview, accept, decline, stateOf } = invitationsOn(() => server)

beforeAll(async () => {
  server = await startTestServer({ clock })
  owner = await signUp(server)
  organizationId = await found(owner)
})
afterAll(() => server?.close())

let made = 0
const fresh = () => `newcomer${++made}@example.com`

/** Somebody with an account, and the token of an invitation for them. */
async function invited(into = organizationId, by = owner) {
  const person = await signUp(server, { email: fresh() })
  const invitation = await invite(by, into, person.email)
  return { person, invitation, token: tokenOf(invitation) }
}

async function join(role: 'admin' | 'developer', into = organizationId) {
  const person = await signUp(server, { email: fresh() })
  const params = { organizationId: into }
  const { id } = await owner.client.call(api.organizations.addMember, {
    params,
    body: { email: person.email, role },
  })
  return { ...person, memberId: id }
}

const seats = (limit: number, into: string) =>
  subscribeTo(server.berth.platform.db, into, [{ key: 'seats', limit }])

const membersOf = async (of: string) =>
  (await owner.client.call(api.organizations.listMembers, { params: { organizationId: of }, query: {} }))
    .items

describe('a link', () => {
  test('lets in who was invited, however the address is written, and is kept as a hash alone', async () => {
    const email = fresh()
    const invitation = await invite(owner, organizationId, email.toUpperCase(), 'auditor')
    const token = tokenOf(invitation)
    expect(invitation).toMatchObject({
      email,
      state: 'pending',
      mailed: false,
      invitedBy: { id: owner.userId },
    })
    expect(Buffer.from(token, 'base64url')).toHaveLength(32)
    expect(await preview(token)).toMatchObject({ organization: { name: 'Acme' }, role: 'auditor', email })
    const person = await signUp(server, { email })
    expect(await accept(person, token)).toMatchObject({ organizationId, slug: 'acme', role: 'auditor' })
    expect((await membersOf(organizationId)).find((one) => one.email === email)?.role).toBe('auditor')
    expect(await stateOf(owner, organizationId, email)).toBe('accepted')
    const kept = await server.berth.platform.db.selectFrom('invitations').selectAll().execute()
    expect(JSON.stringify(kept)).not.toContain(token)
  })

  test('answers its own person the same when they accept twice, also at once', async () => {
    const { person, token } = await invited()
    const answers = await Promise.all([1, 2, 3].map(() => accept(person, token)))
    expect(new Set(answers.map((one) => JSON.stringify(one))).size).toBe(1)
    expect((await membersOf(organizationId)).filter((one) => one.email === person.email)).toHaveLength(1)
  })

  test('is for the account it was sent to, and stays good after somebody else tried', async () => {
    const { person, token } = await invited()
    const other = await signUp(server)
    await expect(accept(other, token)).rejects.toMatchObject(refused('forbidden', other.email))
    await accept(person, token)
  })

  test('says the same to strangers whether it is unknown, revoked, declined, used or expired', async () => {
    const stranger = await signUp(server)
    const [revoked, declined, used, expired] = [
      await invited(),
      await invited(),
      await invited(),
      await invited(),
    ]
    const params = { organizationId, invitationId: revoked.invitation.id }
    await owner.client.call(api.invitations.revoke, { params })
    await decline(declined.token)
    await accept(used.person, used.token)
    clock.advance(7 * dayMs)
    for (const ask of [preview, decline, (token: string) => accept(stranger, token)]) {
      const unknown = await said(ask('A'.repeat(43)))
      expect(unknown).toMatchObject({ code: 'not_found' })
      expect(await said(ask(revoked.token.slice(0, 9))), 'cut short').toEqual(unknown)
      for (const { token } of [revoked, declined, used, expired])
        expect(await said(ask(token))).toEqual(unknown)
    }
    await expect(accept(revoked.person, revoked.token)).rejects.toMatchObject(
      refused('invalid_state', 'taken back'),
    )
    await expect(accept(declined.person, declined.token)).rejects.toMatchObject(
      refused('invalid_state', 'declined'),
    )
    await expect(accept(expired.person, expired.token)).rejects.toMatchObject(
      refused('invalid_state', 'expired'),
    )
  })

  test('takes the place of the one before when the invitation is sent again', async () => {
    const { person, invitation, token } = await invited()
    clock.advance(dayMs)
    const params = { organizationId, invitationId: invitation.id }
    const again = await owner.client.call(api.invitations.resend, { params })
    expect(again.id).toBe(invitation.id)
    expect(Date.parse(again.expiresAt) - Date.parse(invitation.expiresAt)).toBe(dayMs)
    await expect(accept(person, token)).rejects.toMatchObject(refused('not_found'))
    await accept(person, tokenOf(again))
    await expect(owner.client.call(api.invitations.resend, { params })).rejects.toMatchObject(
      refused('invalid_state', 'accepted'),
    )
  })

  test('expires by itself, with an event', async () => {
    const { person, invitation } = await invited()
    clock.advance(8 * dayMs)
    await expireInvitations(server.berth.platform)
    expect(await stateOf(owner, organizationId, person.email)).toBe('expired')
    const events = await server.berth.platform.db
      .selectFrom('events')
      .select(['payload'])
      .where('type', '=', 'invitation.expired')
      .execute()
    expect(events.map((one) => one.payload)).toContainEqual({ invitationId: invitation.id })
    await invite(owner, organizationId, person.email)
  })

  test('lets nobody into an organization that is closed', async () => {
    const closing = await found(owner, 'Closing')
    const { person, token } = await invited(closing)
    const params = { organizationId: closing }
    await owner.client.call(api.departure.close, { params, body: { confirm: 'closing' } })
    await expect(accept(person, token)).rejects.toMatchObject(refused('invalid_state', 'is closed'))
    await expect(preview(token)).rejects.toMatchObject(refused('not_found'))
    expect(await stateOf(owner, closing, person.email)).toBe('revoked')
  })

  test('lets nobody into an organization that is suspended, until it is resumed', async () => {
    const into = await found(owner, 'Suspending')
    const { person, token } = await invited(into)
    const params = { organizationId: into }
    await owner.client.call(api.operator.suspendOrganization, { params, body: { reason: 'A test' } })
    await expect(accept(person, token)).rejects.toMatchObject(refused('invalid_state', 'suspended'))
    await owner.client.call(api.operator.resumeOrganization, { params })
    await accept(person, token)
  })
})

describe('who is invited', () => {
  test('is nobody who belongs already, and nobody twice', async () => {
    await expect(invite(owner, organizationId, owner.email)).rejects.toMatchObject(
      refused('duplicate', 'a member'),
    )
    const email = fresh()
    await invite(owner, organizationId, email)
    await expect(invite(owner, organizationId, email.toUpperCase())).rejects.toMatchObject(
      refused('duplicate', 'invited already'),
    )
  })

  test('becomes an owner only by an owner’s word', async () => {
    const admin = await join('admin')
    await expect(invite(admin, organizationId, fresh(), 'owner')).rejects.toMatchObject(
      refused('forbidden', 'Only an owner'),
    )
    const invitation = await invite(owner, organizationId, fresh(), 'owner')
    const params = { organizationId, invitationId: invitation.id }
    await expect(admin.client.call(api.invitations.resend, { params })).rejects.toMatchObject(
      refused('forbidden'),
    )
    await invite(admin, organizationId, fresh(), 'admin')
  })

  test('is told once that they belong already when they were added meanwhile: the invitation is taken back', async () => {
    const { person, token } = await invited()
    const body = { email: person.email, role: 'auditor' as const }
    await owner.client.call(api.organizations.addMember, { params: { organizationId }, body })
    await expect(accept(person, token)).rejects.toMatchObject(refused('duplicate', 'already'))
    expect(await stateOf(owner, organizationId, person.email)).toBe('revoked')
  })

  test('is forgotten with their account', async () => {
    const { person } = await invited()
    await person.client.call(api.account.delete, { body: { password: person.password } })
    const text = JSON.stringify(
      await server.berth.platform.db.selectFrom('invitations').selectAll().execute(),
    )
    expect(text).not.toContain(`"${person.email}"`)
  })
})

describe('seats', () => {
  test('are kept for who is invited, and free again when that ends', async () => {
    const into = await found(owner, 'Small')
    await seats(2, into)
    const { person, invitation, token } = await invited(into)
    await expect(invite(owner, into, fresh())).rejects.toMatchObject(
      refused('policy_veto', 'all are taken (2)'),
    )
    await expect(join('developer', into)).rejects.toMatchObject(refused('policy_veto'))
    await decline(token)
    const params = { organizationId: into, invitationId: (await invite(owner, into, person.email)).id }
    expect(params.invitationId).not.toBe(invitation.id)
    await owner.client.call(api.invitations.revoke, { params })
    await join('developer', into)
  })

  test('let in one of two who accept the last one at once, and tell the other', async () => {
    const into = await found(owner, 'Crowded')
    await seats(3, into)
    const two = [await invited(into), await invited(into)]
    await seats(2, into)
    const answers = await Promise.allSettled(two.map(({ person, token }) => accept(person, token)))
    const failed = answers.findIndex(({ status }) => status === 'rejected')
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect((answers[failed] as PromiseRejectedResult).reason).toMatchObject(
      refused('policy_veto', 'all are taken'),
    )
    await seats(3, into)
    await accept(two[failed]!.person, two[failed]!.token)
    expect(await membersOf(into)).toHaveLength(3)
  })

  test('are never more than the plan has, whatever is done at once', async () => {
    const into = await found(owner, 'Rushed')
    await seats(4, into)
    const people = await Promise.all(Array.from({ length: 10 }, () => signUp(server, { email: fresh() })))
    const doing = people.map(async (person, index) => {
      const token = tokenOf(await invite(owner, into, person.email))
      return index % 3 === 0 ? decline(token) : accept(person, token)
    })
    await Promise.allSettled(doing)
    const members = await membersOf(into)
    const { items } = await owner.client.call(api.invitations.list, {
      params: { organizationId: into },
      query: { state: 'pending' },
    })
    expect(members.length + items.length).toBeLessThanOrEqual(4)
    expect(new Set(members.map((one) => one.userId)).size).toBe(members.length)
  })
})

describe('with a mail server', () => {
  test('the link goes out by e-mail alone', async () => {
    const mailbox = await openMailbox()
    const mailing = await startTestServer({ env: mailbox.env })
    try {
      const by = await signUp(mailing)
      const [email, into] = [fresh(), await found(by, 'Mailing')]
      const invitation = await invite(by, into, email)
      expect(invitation).toMatchObject({ mailed: true, link: null })
      await expect.poll(() => mailbox.latestTo(email), { timeout: 60_000 }).not.toBeNull()
      const { subject, text } = mailbox.latestTo(email)!
      expect(subject).toBe('You are invited to Mailing')
      const token = /\/onboarding\/invite\/([\w-]+)/.exec(text)![1]!
      await accept(await signUp(mailing, { email }), token)
      await mailing.berth.platform.db.updateTable('invitations').set({ mailed: false }).execute()
      const another = fresh()
      await invite(by, into, another)
      await mailing.berth.platform.db.updateTable('invitations').set({ mailed: false }).execute()
      await expect.poll(() => mailbox.latestTo(another), { timeout: 60_000 }).not.toBeNull()
      const handed = /\/onboarding\/invite\/([\w-]+)/.exec(mailbox.latestTo(another)!.text)![1]!
      const newcomer = await signUp(mailing, { email: another })
      await expect(accept(newcomer, handed)).rejects.toMatchObject(
        refused('forbidden', 'Confirm your e-mail'),
      )
    } finally {
      await mailing.close()
      await mailbox.close()
    }
  })
})

describe('too much lately', () => {
  let limited: TestServer
  beforeAll(async () => {
    limited = await startTestServer({ beside: server, requestsPerMinute: 100_000 })
  })
  afterAll(() => limited?.close())

  test('is refused to one address that is invited again and again', async () => {
    const email = fresh()
    const by = limited.client(owner.token)
    const { id: invitationId } = await by.call(api.invitations.create, {
      params: { organizationId },
      body: { email, role: 'developer' },
    })
    const resend = () => by.call(api.invitations.resend, { params: { organizationId, invitationId } })
    for (let sent = 1; sent < 5; sent++) await resend()
    await expect(resend()).rejects.toMatchObject(refused('rate_limited', 'Too many'))
  })

  test('is refused to one who tries link after link', async () => {
    const ask = () => limited.client().call(api.invitations.preview, { params: { token: 'B'.repeat(43) } })
    for (let tries = 0; tries < 60; tries++) await expect(ask()).rejects.toMatchObject(refused('not_found'))
    await expect(ask()).rejects.toMatchObject(refused('rate_limited'))
  })
})
