import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { api, platformOrganizationId, type Mail } from '@berth/contracts'
import {
  movableClock,
  signUp,
  startTestServer,
  type TestPerson,
  type TestServer,
} from '../platform/testing/index.ts'
import { attemptsAtMost } from './deliver.ts'
import { openMailbox, type Mailbox } from './testing/mailbox.ts'

const clock = movableClock(new Date())
let mailbox: Mailbox
let server: TestServer
let operator: TestPerson

beforeAll(async () => {
  mailbox = await openMailbox()
  server = await startTestServer({ clock, env: mailbox.env })
  operator = await signUp(server)
})
afterAll(async () => {
  await server.close()
  await mailbox.close()
})
beforeEach(() => {
  mailbox.refuse = () => null
})

const outbox = (query: object = {}, by = operator) => by.client.call(api.notifications.outbox, { query })
const resend = (mailId: string, by = operator) =>
  by.client.call(api.notifications.resend, { params: { mailId } })

/** Causes a message to somebody new, whose letter of the sign-up has arrived: the link for a forgotten password. */
async function cause(at = server): Promise<string> {
  const { refuse } = mailbox
  mailbox.refuse = () => null
  const { email } = await signUp(at, { name: '<b>Eve</b> & "Co"' })
  if (at === server) await becomes(email, 'sent')
  mailbox.refuse = refuse
  await at.client().call(api.account.forgotPassword, { body: { email } })
  await isCaused(at, email)
  return email
}

/** What is to be sent after an answer is there. */
async function isCaused({ berth }: TestServer, email: string): Promise<void> {
  const mails = berth.platform.db
    .selectFrom('mails')
    .select('id')
    .where('recipient', '=', email)
    .where('kind', '=', 'password-reset')
  await expect.poll(() => mails.executeTakeFirst(), { timeout: 60_000 }).toBeDefined()
}

async function becomes(email: string, state: Mail['state'], by = operator): Promise<Mail> {
  const mailTo = async () => (await outbox({}, by)).items.find(({ recipient }) => recipient === email)
  await expect.poll(async () => (await mailTo())?.state, { timeout: 90_000 }).toBe(state)
  return (await mailTo())!
}

const eventsOf = async (mailId: string) => {
  const rows = await server.berth.platform.db
    .selectFrom('events')
    .select(['type', 'payload'])
    .where('organizationId', '=', platformOrganizationId)
    .where('type', 'like', 'mail.%')
    .orderBy('seq')
    .execute()
  return rows.flatMap(({ type, payload }) =>
    (payload as { mailId: string }).mailId === mailId ? [type] : [],
  )
}

describe('a message', () => {
  test('is sent with the password of the settings, as text and as HTML that nobody can write into', async () => {
    const email = await cause()
    const mail = await becomes(email, 'sent')
    const { from, subject, messageId, text, html } = mailbox.latestTo(email)!
    expect({ from, subject }).toEqual({ from: 'Berth <berth@example.com>', subject: 'Set a new password' })
    expect(messageId).toBe(`<${mail.id}@example.com>`)
    expect(text).toContain('Hello <b>Eve</b> & "Co",')
    expect(html).toContain('Hello &lt;b&gt;Eve&lt;/b&gt; &amp; &quot;Co&quot;,')
    for (const body of [text, html]) expect(body).toContain(`${server.url}/reset#token=`)
  })

  test('shows operators that it went, and not what it says', async () => {
    const mail = await becomes(await cause(), 'sent')
    expect(mail).toMatchObject({ kind: 'password-reset', attempts: 1, lastError: null, text: null })
    expect(mail.sentAt).not.toBeNull()
    const { content } = await server.berth.platform.db
      .selectFrom('mails')
      .select('content')
      .where('id', '=', mail.id)
      .executeTakeFirstOrThrow()
    expect(content).toBeNull()
    expect(await eventsOf(mail.id)).toEqual(['mail.queued', 'mail.sent'])
  })

  test('that the mail server cannot take at the moment is sent a little later', async () => {
    let tries = 0
    mailbox.refuse = () => (++tries < 3 ? { code: 451, text: 'try again later' } : null)
    const email = await cause()
    await expect
      .poll(async () => (await outbox()).items.find(({ recipient }) => recipient === email)?.lastError, {
        timeout: 90_000,
      })
      .toContain('try again later')
    expect(await becomes(email, 'sent')).toMatchObject({ attempts: 3, lastError: null })
    const received = mailbox.messages.filter(({ to, text }) => to === email && text.includes('/reset#'))
    expect(received).toHaveLength(1)
  })

  test('that is refused for good fails at once with the reason, and goes out when it is sent again', async () => {
    mailbox.refuse = () => ({ code: 550, text: 'no such mailbox' })
    const email = await cause()
    const failed = await becomes(email, 'failed')
    expect(failed).toMatchObject({ attempts: 1, text: null })
    expect(failed.lastError).toContain('no such mailbox')
    mailbox.refuse = () => null
    expect(await resend(failed.id)).toMatchObject({ state: 'queued', lastError: null })
    await becomes(email, 'sent')
    await expect(resend(failed.id)).rejects.toMatchObject({ problem: { code: 'invalid_state' } })
    expect(await eventsOf(failed.id)).toEqual(['mail.queued', 'mail.failed', 'mail.queued', 'mail.sent'])
  })

  test('fails visibly after its last try', async () => {
    mailbox.refuse = () => ({ code: 451, text: 'greylisted' })
    const { db } = server.berth.platform
    const email = await cause()
    await db
      .updateTable('mails')
      .set({ attempts: attemptsAtMost - 1 })
      .where('recipient', '=', email)
      .execute()
    expect((await becomes(email, 'failed')).lastError).toContain('greylisted')
  })

  test('whose link is over is not sent, and not sent again', async () => {
    mailbox.refuse = () => ({ code: 451, text: 'try again later' })
    const email = await cause()
    clock.advance(3600_000)
    const failed = await becomes(email, 'failed')
    expect(mailbox.tokenFor(email, '/reset')).toBeNull()
    await expect(resend(failed.id)).rejects.toMatchObject({ problem: { code: 'invalid_state' } })
  })

  test('is not caused more than five times an hour to one address', async () => {
    const limited = await startTestServer({ clock, env: mailbox.env, requestsPerMinute: 10_000 })
    try {
      const [other, person] = [await signUp(limited), await signUp(limited)]
      const forgot = ({ email }: TestPerson) =>
        limited.client().call(api.account.forgotPassword, { body: { email } })
      for (let n = 0; n < 7; n++) await forgot(person)
      await forgot(other)
      // One after the other: what was asked for before is done, too.
      await isCaused(limited, other.email)
      const { items } = await outbox({}, other)
      const caused = items.filter((mail) => mail.recipient === person.email).map(({ kind }) => kind)
      expect(caused.toSorted()).toEqual(['address-confirm', ...Array<string>(4).fill('password-reset')])
    } finally {
      await limited.close()
    }
  })
})

describe('without a mail server', () => {
  test('a message waits in the outbox, where operators read what to hand on, until its time is over', async () => {
    const silent = await startTestServer({ clock })
    try {
      const by = await signUp(silent)
      const mail = await becomes(await cause(silent), 'unsent', by)
      expect(mail.text).toContain(`${silent.url}/reset#token=`)
      await expect(resend(mail.id, by)).rejects.toMatchObject({
        problem: { code: 'invalid_state', detail: expect.stringContaining('BERTH_SMTP_URL') },
      })
      clock.advance(3600_000)
      expect((await outbox({}, by)).items[0]!.text).toBeNull()
      const dump = await silent.berth.platform.db.selectFrom('mails').selectAll().execute()
      expect(JSON.stringify(dump)).not.toContain('#token=')
    } finally {
      await silent.close()
    }
  })

  test('what waited goes out once there is one', async () => {
    const silent = await startTestServer({ clock })
    const speaking = await startTestServer({ clock, env: mailbox.env, beside: silent })
    try {
      const by = await signUp(silent)
      const email = await cause(silent)
      const mail = await becomes(email, 'unsent', by)
      const there = { ...by, client: speaking.client(by.token) }
      expect((await outbox({}, there)).items[0]).toMatchObject({ id: mail.id, text: null })
      // Both processes work; the one without a mail server puts it back, so it is asked until the other has it.
      await expect
        .poll(
          async () => {
            await resend(mail.id, there).catch(() => null)
            return mailbox.latestTo(email)?.subject
          },
          { timeout: 90_000, interval: 500 },
        )
        .toBe('Set a new password')
    } finally {
      await speaking.close()
      await silent.close()
    }
  })
})
