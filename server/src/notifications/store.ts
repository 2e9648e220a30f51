import type { Selectable } from 'kysely'
import type { Mail } from '@berth/contracts'
import { open, seal, type MasterKey } from '../platform/crypto.ts'
import type { Queryable } from '../platform/db/database.ts'
import type { Mails } from '../platform/db/schema.generated.ts'
import { afterCursor, cutPage } from '../platform/page.ts'
import { notFound } from '../platform/problem.ts'
import type { SealedColumn } from '../platform/secret-key.ts'
import type { Rendered } from './render.ts'

export type MailRow = Selectable<Mails>

const contextOf = (id: string) => `mail:${id}`

export const mailKey = (keys: MasterKey): Buffer => keys.derive('mails')

export const sealContent = (key: Buffer, id: string, content: Rendered): Buffer =>
  seal(key, Buffer.from(JSON.stringify(content)), contextOf(id))

export const mailsSealed: SealedColumn = {
  table: 'mails',
  column: 'content',
  id: ['id'],
  what: 'e-mail that was not sent yet',
  reseal: ({ id }, sealed, from, to) => {
    const context = contextOf(String(id))
    return seal(mailKey(to), open(mailKey(from), sealed, context), context)
  },
  forget: 'update mails set content = null where content is not null',
}

/** What a message says; null once it was sent or its time is over. */
export function contentOf(key: Buffer, { id, content, goodUntil }: MailRow, now: Date): Rendered | null {
  if (!content || (goodUntil && goodUntil <= now)) return null
  return JSON.parse(open(key, content, contextOf(id)).toString()) as Rendered
}

/** A message as operators see it; `text` is what it says, where they may read that. */
export function toMail(row: MailRow, text: string | null): Mail {
  return {
    id: row.id,
    recipient: row.recipient,
    kind: row.kind,
    subject: row.subject,
    state: row.state as Mail['state'],
    attempts: row.attempts,
    lastError: row.lastError,
    text,
    createdAt: row.createdAt.toISOString(),
    sentAt: row.sentAt?.toISOString() ?? null,
  }
}

/** Newest first. */
export async function pageOfMails(
  db: Queryable,
  page: { cursor?: string | undefined; limit: number; state?: Mail['state'] | undefined },
  toItem: (row: MailRow) => Mail,
) {
  const after = afterCursor(page.cursor)
  let query = db.selectFrom('mails').selectAll()
  if (page.state) query = query.where('state', '=', page.state)
  if (after !== null) query = query.where('id', '<', after)
  const rows = await query
    .orderBy('id', 'desc')
    .limit(page.limit + 1)
    .execute()
  return cutPage(rows, page.limit, (row) => row.id, toItem)
}

/** One message, locked; `not_found` when there is none. */
export async function lockMail(db: Queryable, id: string): Promise<MailRow> {
  const row = await db.selectFrom('mails').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
  if (!row) throw notFound('message')
  return row
}
