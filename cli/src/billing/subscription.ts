import { api, formatMoney, type Subscription } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { organizationOf } from '../core/find.ts'
import type { Output } from '../core/output.ts'
import { paged, readPages, type PageOptions } from '../core/pages.ts'
import { stateCell } from '../core/words.ts'
import { priceOf } from './plans.ts'

/** `mcpctl billing subscription` */
export function subscriptionCommand(): Command {
  const command = new Command('subscription').description('The plan the organization is on, and what follows')
  return does(command, async (context: Context) => {
    const params = { organizationId: await organizationOf(context) }
    printSubscription(context.out, await context.call(api.subscriptions.get, { params }))
  })
}

/** `mcpctl billing history` */
export function historyCommand(): Command {
  return does(paged(new Command('history').description('Every subscription it ever had')), history)
}

async function history(context: Context, options: PageOptions): Promise<void> {
  const params = { organizationId: await organizationOf(context) }
  const page = await readPages(options, (query) => context.call(api.subscriptions.history, { params, query }))
  if (context.out.json) return context.out.data(page)
  context.out.table(
    page.items,
    [
      { title: 'plan', cell: (one) => `${one.plan.plan} ${one.plan.version}` },
      { title: 'state', cell: (one) => stateCell(one.state) },
      { title: 'began', cell: (one) => one.startedAt },
      { title: 'ended', cell: (one) => one.endedAt },
      { title: 'id', cell: (one) => one.id },
    ],
    'It never had one.',
  )
}

/** Prints a subscription, as JSON or as fields with what follows. */
export function printSubscription(out: Output, one: Subscription): void {
  if (out.json) return out.data(one)
  const { plan, period, scheduled } = one
  out.fields([
    ['plan', `${plan.name} (${plan.plan}, version ${plan.version})`],
    ['price', priceOf(plan)],
    ['state', stateCell(one.state)],
    ...(one.seats === null ? [] : [['seats', one.seats] satisfies [string, number]]),
    ['period', `${period.start} to ${period.end}`],
    ['time zone', one.timeZone],
    ...(one.graceEndsAt ? [['grace ends', one.graceEndsAt] satisfies [string, string]] : []),
    ...(scheduled ? [['scheduled', scheduledWords(scheduled)] satisfies [string, string]] : []),
    ...(one.incomplete ? waiting(one.incomplete) : []),
    ...(one.credit === '0'
      ? []
      : [['credit', formatMoney(one.credit, one.currency)] satisfies [string, string]]),
    ...(one.overLimitUntil
      ? [['over limit', `allowed until ${one.overLimitUntil}`] satisfies [string, string]]
      : []),
    ['version', one.version],
    ['id', one.id],
  ])
  for (const { at, what } of one.ahead) out.line(`${at}  ${what}`)
  for (const { key, used, limit, consequence } of one.overLimits)
    out.say(`Over the limit: ${key} ${used}/${limit}. ${consequence}`)
  if (one.state !== 'suspended' && one.state !== 'past_due') return
  if (one.state === 'suspended')
    out.say('It is suspended: what ran has stopped, and comes back by itself once what is open is paid.')
  out.next('mcpctl billing invoices list --state open')
}

const scheduledWords = ({ plan, seats }: NonNullable<Subscription['scheduled']>): string =>
  seats === null ? plan.name : `${plan.name}, ${seats} ${seats === 1 ? 'seat' : 'seats'}`

/** A change of plan that waits for its first payment. */
const waiting = ({ plan, url, expiresAt }: NonNullable<Subscription['incomplete']>): [string, string][] => [
  ['waits for', `${plan.name}, to be paid until ${expiresAt}`],
  ...(url === null ? [] : [['pay at', url] satisfies [string, string]]),
]
