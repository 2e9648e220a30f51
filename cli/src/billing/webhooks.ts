import { api, type Webhook } from '@berth/contracts'
import { Command, Option } from 'commander'
import { does, noun } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { paged, readPages, type PageOptions } from '../core/pages.ts'
import { relativeTime } from '../core/time.ts'
import { stateCell } from '../core/words.ts'

const states = ['received', 'processed', 'ignored', 'dead']

interface ListOptions extends PageOptions {
  state?: Webhook['state']
}

/** `mcpctl billing webhooks`; alone it lists what payment providers sent. */
export function webhooksCommand(): Command {
  const command = noun('webhooks', 'What payment providers sent (operators)', [
    does(new Command('retry').description('Try a dead one again').argument('<webhook>', 'its id'), retry),
  ])
  const list = does(
    paged(new Command('list').description('What is dead first, then the newest')).addOption(
      new Option('--state <state>', 'only these').choices(states),
    ),
    listWebhooks,
  )
  return command.addCommand(list, { isDefault: true })
}

/** `mcpctl billing drifts` and `mcpctl billing reconcile` */
export function driftCommands(): Command[] {
  const drifts = noun('drifts', 'Where payment providers differ from what is here (operators)', [
    does(
      new Command('settle')
        .description('Say that a difference was dealt with')
        .argument('<provider>')
        .argument('<identity>', 'as it is listed')
        .requiredOption('--reason <reason>', 'what was done about it'),
      settle,
    ),
  ])
  return [
    drifts.addCommand(
      does(paged(new Command('list').description('Those that take a person, newest first')), listDrifts),
      { isDefault: true },
    ),
    does(
      new Command('reconcile')
        .description('Compare organizations with the payment provider, and repair what can be (operators)')
        .option('--organization <organization>', 'id or slug of the only one')
        .option('--dry-run', 'change nothing, and say what would be'),
      reconcile,
    ),
  ]
}

async function listWebhooks(context: Context, options: ListOptions): Promise<void> {
  const { state } = options
  const page = await readPages(options, (query) =>
    context.call(api.payments.listWebhooks, { query: { ...query, state } }),
  )
  if (context.out.json) return context.out.data(page)
  context.out.table(
    page.items,
    [
      { title: 'id', cell: (one) => one.id },
      { title: 'provider', cell: (one) => one.provider },
      { title: 'type', cell: (one) => one.type, max: 40 },
      { title: 'state', cell: (one) => stateCell(one.state) },
      { title: 'tries', cell: (one) => one.attempts },
      { title: 'received', cell: (one) => relativeTime(one.receivedAt) },
      { title: 'last error', cell: (one) => one.lastError, max: 120 },
    ],
    'There is no webhook.',
  )
}

async function retry(context: Context, _options: object, webhookId: string): Promise<void> {
  const webhook = await context.call(api.payments.retryWebhook, { params: { webhookId } })
  if (context.out.json) return context.out.data(webhook)
  context.out.done(`${webhookId} is tried again.`)
  context.out.next('mcpctl billing webhooks')
}

async function listDrifts(context: Context, options: PageOptions): Promise<void> {
  const page = await readPages(options, (query) => context.call(api.payments.listDrifts, { query }))
  if (context.out.json) return context.out.data(page)
  context.out.table(
    page.items,
    [
      { title: 'provider', cell: (one) => one.provider },
      { title: 'identity', cell: (one) => one.identity },
      { title: 'since', cell: (one) => relativeTime(one.firstSeenAt) },
      { title: 'what', cell: (one) => one.what, max: 160 },
    ],
    'Payment providers and Berth agree.',
  )
}

async function settle(
  context: Context,
  { reason }: { reason: string },
  provider: string,
  identity: string,
): Promise<void> {
  const body = { provider, identity, reason }
  await context.call(api.payments.settleDrift, { body })
  if (context.out.json) return context.out.data(body)
  context.out.done(`${identity} is dealt with.`)
}

async function reconcile(
  context: Context,
  { organization: organizationId, dryRun = false }: { organization?: string; dryRun?: boolean },
): Promise<void> {
  const { out } = context
  const answer = await context.call(api.payments.reconcile, { body: { organizationId, dryRun } })
  if (out.json) return out.data(answer)
  const { checked, items } = answer
  if (checked === 0)
    return out.line('No organization pays through a payment provider, so there is nothing to compare.')
  out.table(
    items,
    [
      { title: 'identity', cell: (one) => one.identity },
      { title: 'repaired', cell: (one) => (one.repaired ? (dryRun ? 'would be' : 'yes') : 'takes a person') },
      { title: 'what', cell: (one) => one.what, max: 160 },
    ],
    'Payment providers and Berth agree.',
  )
  out.line(`${checked} ${checked === 1 ? 'organization was' : 'organizations were'} compared.`)
}
