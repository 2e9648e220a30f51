import { formatMoney } from '@berth/contracts'
import { sql } from 'kysely'
import type { Notifications } from '../../notifications/service.ts'
import type { Tx } from '../../platform/mutate.ts'
import { numberOf } from '../invoices/store.ts'
import { zoned } from '../time/periods.ts'
import type { Held, Notice, Terms } from './model.ts'

interface Recipient {
  name: string
  email: string
  organization: string
  test: boolean
}

/**
 * Writes to the owners and admins of an organization, with a link to its billing page. Test organizations live by a clock
 * of their own: nobody is written to.
 */
export function tellBy(
  { sendMail }: Pick<Notifications, 'sendMail'>,
  page: (organizationId: string) => string,
): Terms['tell'] {
  return async (tx, one, notice) => {
    const { rows } = await sql<Recipient>`
      select u.name, u.email, o.name as organization, o.kind = 'test' as test
      from members m join users u on u.id = m.user_id join organizations o on o.id = m.organization_id
      where m.organization_id = ${one.organizationId} and m.role in ('owner', 'admin') and u.state = 'active'
      order by u.id`.execute(tx.db)
    const action =
      'url' in notice
        ? { label: 'Pay the invoice', url: notice.url }
        : { label: 'Open the billing page', url: page(one.organizationId) }
    const text = textOf(notice, one, await overdueWords(tx, one))
    for (const { email, test, ...who } of rows) {
      if (test) continue
      const data = { ...who, subject: subjectOf(notice, one), text, action }
      await sendMail(tx, { to: email, kind: 'billing-notice', data })
    }
  }
}

/** What was not paid in time, as the beginning of a sentence. */
async function overdueWords(tx: Tx, { id, plan, pastDueSince }: Held): Promise<string> {
  const { rows } = await sql<{ series: string; number: number; total: string; currency: string }>`
    select series, number, total::text, currency from invoices
    where subscription_id = ${id} and state in ('open', 'uncollectible') and due_at <= ${pastDueSince}
    order by due_at, series, number limit 1`.execute(tx.db)
  const [oldest] = rows
  if (!oldest) return `An invoice for ${plan.name}`
  return `Invoice ${numberOf(oldest.series, oldest.number)} over ${formatMoney(oldest.total, oldest.currency)} for ${plan.name}`
}

/** A moment by the clock of the subscription's zone, which is named. */
const moment = (at: Date, zone: string) =>
  `${zoned(at, zone).toPlainDateTime().toString({ smallestUnit: 'minute' }).replace('T', ' ')} (${zone})`

/** What it is about, in the list of one's messages. */
function subjectOf(notice: Notice, { plan }: Held): string {
  switch (notice.kind) {
    case 'trial-ending':
      return `the trial of ${plan.name} ends in ${days(notice.days)}`
    case 'past-due':
      return 'an invoice is overdue'
    case 'grace-warning':
      return `an invoice is overdue, and the time to pay it ends in ${days(notice.days)}`
    case 'fell-back':
      return `${plan.name} has ended, because an invoice was not paid`
    case 'payable':
      return `invoice ${notice.number} can be paid`
    case 'payment-failed':
      return `invoice ${notice.number} could not be collected`
    case 'suspended':
  }
  return 'suspended, because an invoice was not paid'
}

/** What is, and what follows. */
function textOf(
  notice: Notice,
  { plan: { name: plan, fallback }, timeZone }: Held,
  overdue: string,
): string[] {
  const end = fallback === null ? 'what runs stops' : `it falls back to the plan ${fallback}`
  const day = (at: Date) => moment(at, timeZone)
  switch (notice.kind) {
    case 'trial-ending':
      return [
        `The trial of ${plan} ends in ${days(notice.days)}, on ${day(notice.endsAt)}.`,
        'It is paid for from then on. Cancel before, if that is not wanted.',
      ]
    case 'past-due':
      return [
        `${overdue} is overdue.`,
        `Access goes on until ${day(notice.endsAt)}. Unless it is paid before, ${end} then.`,
      ]
    case 'grace-warning':
      return [
        `${overdue} is still not paid.`,
        `Unless it is paid within ${days(notice.days)}, until ${day(notice.endsAt)}, ${end}.`,
      ]
    case 'payable':
      return [
        `Invoice ${notice.number} for ${plan} can be paid now.`,
        'With a card kept there, the next ones are paid by themselves.',
      ]
    case 'payment-failed':
      return [
        `Invoice ${notice.number} for ${plan} could not be collected from your card.`,
        'Pay it on its page, also with another card.',
      ]
    case 'fell-back':
      return [
        `${overdue} stayed unpaid, so the organization is on the plan ${fallback} from now on.`,
        'Nothing is deleted. What that plan has no room for waits; the invoice stays owed, and with it paid another plan can be chosen.',
      ]
    case 'suspended':
  }
  return [
    `${overdue} stayed unpaid, so the subscription is suspended and what ran has stopped.`,
    'Nothing is deleted. Everything comes back by itself once it is paid.',
  ]
}

const days = (count: number) => (count === 1 ? 'a day' : `${count} days`)
