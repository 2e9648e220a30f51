import { sql } from 'kysely'
import { platformOrganizationId } from '@berth/contracts'
import type { JobHandler } from '../platform/jobs.ts'
import type { Origin } from '../platform/mutate.ts'
import { systemActor, type Platform } from '../platform/platform.ts'
import { contentOf, lockMail, type MailRow } from './store.ts'
import { isFinal, type MailServer } from './transport.ts'

declare module '../platform/jobs.ts' {
  interface JobTypes {
    /** Hand one message of the outbox to the mail server. */
    'notifications.deliver': { mailId: string }
  }
}

/** With delays that double from a second on: some four hours until a message counts as failed. */
const retryLimit = 13
export const attemptsAtMost = retryLimit + 1

const origin: Origin = { actor: systemActor('notifications'), requestId: null }

/** What is written of an attempt. */
type Outcome = { state: 'sent' } | { state: 'failed' | 'queued'; error: string } | { state: 'unsent' }

/** The job that sends. A message is sent at least once; its id tells a mail server what it has already. */
export function deliverJob(
  platform: Platform,
  given: { key: Buffer; server: MailServer | null },
): JobHandler<'notifications.deliver'> {
  return {
    name: 'notifications.deliver',
    retryLimit,
    expireInSeconds: 180,
    run: async ({ mailId }) => {
      const row = await platform.db
        .selectFrom('mails')
        .selectAll()
        .where('id', '=', mailId)
        .executeTakeFirst()
      if (!row || row.state !== 'queued') return
      const outcome = await attempt(platform, given, row)
      await platform.mutate(origin, async (tx) => {
        if ((await lockMail(tx.db, mailId)).state !== 'queued') return
        await tx.db.updateTable('mails').set(changesFor(outcome, tx.now)).where('id', '=', mailId).execute()
        const about = { mailId, kind: row.kind }
        if (outcome.state === 'sent') tx.emit(platformOrganizationId, 'mail.sent', about)
        if (outcome.state === 'failed') tx.emit(platformOrganizationId, 'mail.failed', about)
      })
      if (outcome.state === 'queued') throw new Error(outcome.error)
    },
  }
}

async function attempt(
  { clock }: Platform,
  { key, server }: { key: Buffer; server: MailServer | null },
  row: MailRow,
): Promise<Outcome> {
  if (!server) return { state: 'unsent' }
  const content = contentOf(key, row, clock.now())
  if (!content) return { state: 'failed', error: 'What it says was no longer true before it could be sent.' }
  try {
    await server.send({ id: row.id, recipient: row.recipient, subject: row.subject, ...content })
    return { state: 'sent' }
  } catch (error) {
    const over = isFinal(error) || row.attempts + 1 >= attemptsAtMost
    return { state: over ? 'failed' : 'queued', error: (error as Error).message.slice(0, 500) }
  }
}

/** What it says is kept only as long as it may still have to be sent. */
function changesFor(outcome: Outcome, now: Date) {
  const attempts = sql<number>`attempts + 1`
  if (outcome.state === 'sent')
    return { state: 'sent', content: null, sentAt: now, lastError: null, attempts }
  if (outcome.state === 'unsent') return { state: 'unsent' }
  return { state: outcome.state, lastError: outcome.error, attempts }
}
