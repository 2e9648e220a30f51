import { sql } from 'kysely'
import type { Notifications } from '../../notifications/service.ts'
import type { Notice, Terms } from './model.ts'

interface Recipient {
  name: string
  email: string
  organization: string
  test: boolean
}

/** Writes to the owners and admins of an organization. Test organizations live by a clock of their own: nobody is written to. */
export function tellBy({ sendMail }: Pick<Notifications, 'sendMail'>): Terms['tell'] {
  return async (tx, one, notice) => {
    const { rows } = await sql<Recipient>`
      select u.name, u.email, o.name as organization, o.kind = 'test' as test
      from members m join users u on u.id = m.user_id join organizations o on o.id = m.organization_id
      where m.organization_id = ${one.organizationId} and m.role in ('owner', 'admin') and u.state = 'active'
      order by u.id`.execute(tx.db)
    for (const { email, test, ...who } of rows) {
      if (test) continue
      const action = 'url' in notice ? { action: { label: 'Pay the invoice', url: notice.url } } : {}
      const text = textOf(notice, one.plan.name, one.plan.fallback)
      const data = { ...who, plan: one.plan.name, text, ...action }
      await sendMail(tx, { to: email, kind: 'billing-notice', data })
    }
  }
}

const day = (at: Date) => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`

/** What is, and what follows. */
function textOf(notice: Notice, plan: string, fallback: string | null): string[] {
  const end = fallback === null ? 'what runs stops' : `it falls back to the plan ${fallback}`
  switch (notice.kind) {
    case 'trial-ending':
      return [
        `The trial of ${plan} ends in ${days(notice.days)}, on ${day(notice.endsAt)}.`,
        'It is paid for from then on. Cancel before, if that is not wanted.',
      ]
    case 'past-due':
      return [
        `An invoice for ${plan} is overdue.`,
        `Access goes on until ${day(notice.endsAt)}. Unless it is paid before, ${end} then.`,
      ]
    case 'grace-warning':
      return [
        `An invoice for ${plan} is still not paid.`,
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
    case 'suspended':
  }
  return [
    `An invoice for ${plan} stayed unpaid, so the subscription is suspended and what ran has stopped.`,
    'Nothing is deleted. Everything comes back by itself once it is paid.',
  ]
}

const days = (count: number) => (count === 1 ? 'a day' : `${count} days`)
