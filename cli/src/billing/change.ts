import { api, formatMoney, type Quote } from '@berth/contracts'
import { Argument, Command, Option } from 'commander'
import { does, wholeNumber } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { UsageError } from '../core/errors.ts'
import { organizationOf } from '../core/find.ts'
import type { Output } from '../core/output.ts'
import { printSubscription } from './subscription.ts'

interface WishOptions {
  seats?: number
  trial?: boolean
}

export const seatsOption = () =>
  new Option('--seats <n>', 'of plans priced by seat (default: as many as are in use)').argParser(
    wholeNumber(1, 100_000),
  )

const toPlan = (name: string, description: string) =>
  new Command(name).description(description).argument('<plan>').addOption(seatsOption())

/** What an organization does with its plan. */
export function changeCommands(): Command[] {
  const withTrial = (command: Command) => command.option('--trial', 'begin with the trial of the plan')
  return [
    does(
      withTrial(
        new Command('preview')
          .description('What a change of plan would cost and bring, now')
          .argument('[plan]', 'left out: --seats alone, of the present plan')
          .addOption(seatsOption()),
      ),
      preview,
    ),
    does(
      withTrial(toPlan('change', 'Change the plan: an upgrade now, a downgrade at the end of the period')),
      change,
    ),
    does(toPlan('schedule', 'Change the plan at the end of the period'), schedule),
    does(new Command('unschedule').description('Cancel the scheduled change'), unschedule),
    does(
      new Command('seats')
        .description('Change the paid seats: more now, fewer at the end of the period')
        .addArgument(new Argument('<number>').argParser(wholeNumber(1, 100_000))),
      seats,
    ),
    does(
      new Command('cancel')
        .description('Cancel at the end of the period; the organization lands on the fallback plan')
        .option('--now', 'at once'),
      cancel,
    ),
    does(new Command('resume').description('Take back a cancellation'), resume),
  ]
}

async function preview(context: Context, options: WishOptions, plan?: string): Promise<void> {
  if (plan === undefined && (!options.seats || options.trial))
    throw new UsageError('Name a plan, or say --seats alone.', 'mcpctl billing preview --help')
  const quoted = await quoteOf(context, options, plan)
  if (context.out.json) return context.out.data(quoted)
  printQuote(context.out, quoted)
  if (plan === undefined) return context.out.next(`mcpctl billing seats ${options.seats}`)
  const wish = `${plan}${options.seats ? ` --seats ${options.seats}` : ''}${options.trial ? ' --trial' : ''}`
  context.out.next(`mcpctl billing ${quoted.checkout ? 'checkout' : 'change'} ${wish}`)
}

async function quoteOf(
  context: Context,
  { seats: count, trial }: WishOptions,
  plan?: string,
): Promise<Quote> {
  const params = { organizationId: await organizationOf(context) }
  const body = { plan, seats: count ?? null, trial: trial ?? false }
  return context.call(api.subscriptions.preview, { params, body })
}

/** What is charged is what the preview said, which is printed with it; so it is with seats. */
async function change(context: Context, options: WishOptions, plan: string): Promise<void> {
  const quoted = await quoteOf(context, options, plan)
  if (!context.out.json) printQuote(context.out, quoted)
  const params = { organizationId: await organizationOf(context) }
  const { at: quotedAt, expectedVersion } = quoted
  const wish = { plan, seats: options.seats ?? null, trial: options.trial ?? false }
  const body = { ...wish, quotedAt, expectedVersion }
  printSubscription(context.out, await context.call(api.subscriptions.change, { params, body }))
}

async function schedule(context: Context, options: WishOptions, plan: string): Promise<void> {
  const params = { organizationId: await organizationOf(context) }
  const body = { plan, seats: options.seats ?? null }
  printSubscription(context.out, await context.call(api.subscriptions.schedule, { params, body }))
}

async function unschedule(context: Context): Promise<void> {
  const params = { organizationId: await organizationOf(context) }
  printSubscription(context.out, await context.call(api.subscriptions.unschedule, { params }))
}

async function seats(context: Context, _options: object, count: number): Promise<void> {
  const params = { organizationId: await organizationOf(context) }
  const quoted = await quoteOf(context, { seats: count })
  if (!context.out.json) printQuote(context.out, quoted)
  const body = { seats: count, quotedAt: quoted.at, expectedVersion: quoted.expectedVersion }
  printSubscription(context.out, await context.call(api.subscriptions.setSeats, { params, body }))
}

async function cancel(context: Context, { now = false }: { now?: boolean }): Promise<void> {
  const params = { organizationId: await organizationOf(context) }
  const body = { at: now ? 'now' : 'period-end' } as const
  printSubscription(context.out, await context.call(api.subscriptions.cancel, { params, body }))
  if (!now) context.out.next('mcpctl billing resume')
}

async function resume(context: Context): Promise<void> {
  const params = { organizationId: await organizationOf(context) }
  printSubscription(context.out, await context.call(api.subscriptions.resume, { params }))
}

function printQuote(out: Output, quoted: Quote): void {
  const money = (amount: string) => formatMoney(amount, quoted.currency)
  out.fields([
    ['takes place', quoted.kind === 'now' ? 'now' : quoted.effectiveAt],
    ['due now', money(quoted.total)],
    ...(quoted.trialEndsAt ? [['trial until', quoted.trialEndsAt] satisfies [string, string]] : []),
    ...(quoted.next
      ? [['then', `${money(quoted.next.total)} at ${quoted.next.at}`] satisfies [string, string]]
      : []),
  ])
  if (quoted.lines.length > 0)
    out.table(
      quoted.lines,
      [
        { title: 'line', cell: (line) => line.description },
        { title: 'quantity', cell: (line) => line.quantity },
        { title: 'amount', cell: (line) => money(line.amount) },
      ],
      '',
    )
  if (quoted.checkout) out.say('It is paid at the checkout, and takes place once it is paid.')
  for (const note of quoted.notes) out.say(note)
  for (const { key, used, limit, consequence } of quoted.overLimits)
    out.say(`Over the limit: ${key} ${used}/${limit}. ${consequence}`)
}
