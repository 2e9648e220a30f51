import {
  mailMachine,
  notificationEndpoints,
  platformOrganizationId,
  refusalOf,
  type Mail,
} from '@berth/contracts'
import { implement, type Route } from '../platform/http/implement.ts'
import { newId } from '../platform/ids.ts'
import type { JobHandler } from '../platform/jobs.ts'
import type { Tx } from '../platform/mutate.ts'
import type { Platform } from '../platform/platform.ts'
import { Refusal } from '../platform/problem.ts'
import { repeat, type Repeated } from '../platform/repeat.ts'
import { deliverJob } from './deliver.ts'
import { letters, type Letter, type LetterData, type LetterKind } from './letters.ts'
import { render } from './render.ts'
import { contentOf, lockMail, mailKey, pageOfMails, sealContent, toMail, type MailRow } from './store.ts'
import { openMailServer } from './transport.ts'

export { mailsSealed } from './store.ts'

const dayMs = 24 * 3600_000
const keptMs = 30 * dayMs

export interface MailRequest<K extends LetterKind> {
  to: string
  kind: K
  data: LetterData<K>
  /** When what it says is no longer true: from then on it is not sent, and not shown. */
  goodUntil?: Date
}

/** E-mail: enqueued with the change it tells of, sent by a worker. */
export interface Notifications {
  /** Whether a mail server is set; without one, messages stay in the outbox for operators to hand on. */
  readonly sendsMail: boolean
  sendMail<K extends LetterKind>(tx: Tx, request: MailRequest<K>): Promise<void>
  /** Removes what the outbox holds of somebody who is erased. */
  forgetRecipients(tx: Tx, addresses: string[]): Promise<void>
  routes: Route[]
  jobs: JobHandler[]
  start(): Promise<void>
  stop(): Promise<void>
}

export function createNotifications(platform: Platform): Notifications {
  const { clock, db } = platform
  const key = mailKey(platform.keys)
  const server = platform.config.mail ? openMailServer(platform.config.mail) : null
  const sendsMail = server !== null
  let sweeping: Repeated | null = null

  async function sendMail<K extends LetterKind>(tx: Tx, request: MailRequest<K>): Promise<void> {
    const id = newId('mail')
    const letter = (letters[request.kind] as (data: LetterData<K>) => Letter)(request.data)
    const state = sendsMail ? 'queued' : 'unsent'
    await tx.db
      .insertInto('mails')
      .values({
        id,
        recipient: request.to,
        kind: request.kind,
        subject: letter.subject,
        content: sealContent(key, id, render(letter)),
        state,
        createdAt: tx.now,
        goodUntil: request.goodUntil ?? null,
      })
      .execute()
    tx.emit(platformOrganizationId, 'mail.queued', { mailId: id, kind: request.kind })
    if (sendsMail) await tx.enqueue('notifications.deliver', { mailId: id })
  }

  /** Links are for their recipient; only where nothing can be sent does an operator hand them on. */
  function shown(row: MailRow): Mail {
    const text = sendsMail || row.state !== 'unsent' ? null : contentOf(key, row, clock.now())?.text
    return toMail(row, text ?? null)
  }

  async function resend(tx: Tx, id: string): Promise<Mail> {
    const row = await lockMail(tx.db, id)
    const refusal = refusalOf(mailMachine, row.state as Mail['state'], 'resend')
    if (refusal) throw new Refusal('invalid_state', refusal)
    if (!sendsMail)
      throw new Refusal(
        'invalid_state',
        'No mail server is set. Set BERTH_SMTP_URL and BERTH_MAIL_FROM first.',
      )
    if (!contentOf(key, row, tx.now))
      throw new Refusal('invalid_state', 'What it says is no longer true; cause a new message instead.')
    const queued = { state: 'queued', attempts: 0, lastError: null }
    const after = await tx.db
      .updateTable('mails')
      .set(queued)
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow()
    tx.emit(platformOrganizationId, 'mail.queued', { mailId: id, kind: row.kind })
    await tx.enqueue('notifications.deliver', { mailId: id })
    return shown(after)
  }

  /** What is no longer true is not kept, and nothing is kept for ever. */
  async function sweep(): Promise<void> {
    const now = clock.now()
    await db.updateTable('mails').set({ content: null }).where('goodUntil', '<=', now).execute()
    await db
      .deleteFrom('mails')
      .where('createdAt', '<', new Date(now.getTime() - keptMs))
      .execute()
  }

  return {
    sendsMail,
    sendMail,
    forgetRecipients: async (tx, addresses) => {
      await tx.db.deleteFrom('mails').where('recipient', 'in', addresses).execute()
    },
    routes: implement(notificationEndpoints, {
      outbox: async (context, { query }) => ({ ...(await pageOfMails(context.db, query, shown)), sendsMail }),
      resend: (context, { params }) => context.mutate((tx) => resend(tx, params.mailId)),
    }),
    jobs: [deliverJob(platform, { key, server })],
    start: async () => {
      sweeping = repeat({ name: 'notifications.sweep', everyMs: 3600_000, logger: platform.logger }, sweep)
    },
    stop: async () => {
      await sweeping?.stop()
      server?.close()
    },
  }
}
