import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { idOf, timestamp } from './ids.ts'
import { pageOf, pageQuery } from './pagination.ts'

export const mailState = z
  .enum(['queued', 'sent', 'failed', 'unsent'])
  .describe('`unsent`: no mail server is set, so an operator hands on what it says')

/** One message of the outbox. */
export const mail = z.object({
  id: idOf('mail'),
  recipient: z.string(),
  kind: z.string(),
  subject: z.string(),
  state: mailState,
  attempts: z.number().int(),
  lastError: z.string().nullable(),
  text: z
    .string()
    .nullable()
    .describe(
      'What an unsent message says, links and all; null where Berth sends e-mail, or when its time is over',
    ),
  createdAt: timestamp,
  sentAt: timestamp.nullable(),
})
export type Mail = z.infer<typeof mail>

const operator = { kind: 'platform', role: 'operator' } as const

export const notificationEndpoints = {
  outbox: endpoint({
    id: 'notifications.outbox',
    method: 'GET',
    path: '/api/operator/outbox',
    tag: 'notifications',
    summary: 'The e-mail that was sent, waits, failed, or would have been sent; newest first',
    access: operator,
    query: pageQuery.extend({ state: mailState.optional() }),
    response: pageOf(mail).extend({
      sendsMail: z.boolean().describe('Whether a mail server is set (BERTH_SMTP_URL)'),
    }),
  }),
  resend: endpoint({
    id: 'notifications.resend',
    method: 'POST',
    path: '/api/operator/outbox/:mailId/resend',
    tag: 'notifications',
    summary: 'Send a message that failed, or that waited for a mail server',
    access: operator,
    params: z.object({ mailId: idOf('mail') }),
    response: mail,
  }),
}
