import { api, formatMoney, liveSubscriptionState } from '@berth/contracts'
import { Command, Option } from 'commander'
import { does, noun, wholeNumber } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { UsageError } from '../core/errors.ts'
import { organizationOf } from '../core/find.ts'
import { paged, readPages, type PageOptions } from '../core/pages.ts'
import { stateCell } from '../core/words.ts'
import { printSubscription } from './subscription.ts'

interface ListOptions extends PageOptions {
  state?: (typeof liveSubscriptionState.options)[number]
  plan?: string
  search?: string
}

/** What operators do with subscriptions. */
export function operatorCommands(): Command[] {
  return [
    does(
      paged(new Command('organizations').description('Subscriptions of all organizations (operators)'))
        .addOption(new Option('--state <state>', 'only these').choices(liveSubscriptionState.options))
        .option('--plan <plan>', 'only those on it')
        .option('--search <text>', 'part of a name or slug, or an id'),
      organizations,
    ),
    does(
      new Command('assign')
        .description('Put an organization on the newest version of any plan, at once (operators)')
        .argument('<organization>', 'id or slug')
        .argument('<plan>')
        .addOption(new Option('--seats <n>', 'of plans priced by seat').argParser(wholeNumber(1, 100_000)))
        .option('--trial', 'begin with the trial of the plan')
        .option('--no-charge', 'without an invoice for this period'),
      assign,
    ),
    does(
      new Command('allow')
        .description('Let an organization be over its limits for a while (operators)')
        .argument('<organization>', 'id or slug')
        .option('--until <time>', 'ISO 8601, such as 2030-01-01T00:00:00Z')
        .option('--end', 'from now on no longer')
        .requiredOption('--reason <reason>', 'why'),
      allow,
    ),
  ]
}

/** `mcpctl billing clock` */
export function clockCommand(): Command {
  return noun('clock', "A test organization's own time", [
    does(new Command('show').description('What time it is for the organization'), showClock),
    does(
      new Command('advance')
        .description("Move a test organization's clock forward; what falls due until then happens")
        .argument('<to>', 'ISO 8601, such as 2030-01-01T00:00:00Z'),
      advance,
    ),
    does(
      new Command('create')
        .description('Create a test organization with a clock of its own (operators)')
        .argument('<name>')
        .option('--time-zone <zone>', 'IANA, such as Europe/Berlin', 'UTC')
        .option('--at <time>', 'what time it is there (default: now)'),
      create,
    ),
  ])
}

async function organizations(context: Context, options: ListOptions): Promise<void> {
  const { state, plan, search } = options
  const page = await readPages(options, (query) =>
    context.call(api.billing.organizations, { query: { ...query, state, plan, search } }),
  )
  if (context.out.json) return context.out.data(page)
  context.out.table(
    page.items,
    [
      { title: 'organization', cell: (one) => one.organization.slug },
      { title: 'plan', cell: (one) => `${one.plan} ${one.planVersion}` },
      { title: 'state', cell: (one) => stateCell(one.state) },
      { title: 'period ends', cell: (one) => one.periodEnd },
      { title: 'grace ends', cell: (one) => one.graceEndsAt },
      {
        title: 'owed',
        cell: ({ owed }) => owed.map((one) => formatMoney(one.amount, one.currency)).join(', '),
      },
    ],
    'No organization is like that.',
  )
}

async function assign(
  context: Context,
  { seats = null, trial = false, charge }: { seats?: number | null; trial?: boolean; charge: boolean },
  organizationId: string,
  plan: string,
): Promise<void> {
  const body = { plan, seats, trial, charge }
  printSubscription(context.out, await context.call(api.billing.assign, { params: { organizationId }, body }))
}

async function allow(
  context: Context,
  { until, end, reason }: { until?: string; end?: boolean; reason: string },
  organizationId: string,
): Promise<void> {
  if ((until === undefined) !== (end === true)) throw new UsageError('Say either --until or --end.')
  const body = { until: until ?? null, reason }
  const params = { organizationId }
  printSubscription(context.out, await context.call(api.billing.allowOverLimit, { params, body }))
}

async function showClock(context: Context): Promise<void> {
  const params = { organizationId: await organizationOf(context) }
  printClock(context, await context.call(api.billing.clock, { params }))
}

async function advance(context: Context, _options: object, to: string): Promise<void> {
  const params = { organizationId: await organizationOf(context) }
  printClock(context, await context.call(api.billing.advanceClock, { params, body: { to } }))
}

function printClock({ out }: Context, clock: { now: string; test: boolean }): void {
  if (out.json) return out.data(clock)
  out.line(`${clock.now}${clock.test ? ' by its own clock' : ''}`)
}

async function create(
  context: Context,
  { timeZone, at }: { timeZone: string; at?: string },
  name: string,
): Promise<void> {
  const body = { name, timeZone, now: at }
  const made = await context.call(api.billing.createTestOrganization, { body })
  if (context.out.json) return context.out.data(made)
  context.out.done(`Created ${made.slug}, where it is ${made.now}.`)
  context.out.next(`mcpctl --org ${made.slug} billing clock advance <to>`)
}
