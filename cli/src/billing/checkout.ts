import { api, type Subscription } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { RefusedError, UsageError } from '../core/errors.ts'
import { organizationOf } from '../core/find.ts'
import { pause } from '../core/time.ts'
import { seatsOption } from './change.ts'
import { printSubscription } from './subscription.ts'

interface CheckoutOptions {
  seats?: number
  trial?: boolean
  wait?: boolean
  abandon?: boolean
}

const lookMs = 2000

/** `mcpctl billing checkout` and `mcpctl billing portal` */
export function checkoutCommands(): Command[] {
  return [
    does(
      new Command('checkout')
        .description('A link to pay for a plan, which begins once it is paid')
        .argument('[plan]')
        .addOption(seatsOption())
        .option('--trial', 'begin with the trial of the plan, and leave a card for afterwards')
        .option('--wait', 'until it is paid, or given up')
        .option('--abandon', 'give up the one that waits'),
      checkout,
    ),
    does(
      new Command('portal').description("A link to the payment provider's pages: cards, receipts"),
      portal,
    ),
  ]
}

async function checkout(context: Context, options: CheckoutOptions, plan?: string): Promise<void> {
  const { out } = context
  const params = { organizationId: await organizationOf(context) }
  if (options.abandon) {
    await context.call(api.checkout.abandon, { params })
    return out.done('The change of plan is given up; nothing is owed for it.')
  }
  if (!plan) throw new UsageError('Name the plan: `mcpctl billing plans` lists them.')
  const body = { plan, seats: options.seats ?? null, trial: options.trial ?? false }
  const link = await context.call(api.checkout.checkout, { params, body })
  const before = await context.call(api.subscriptions.get, { params })
  if (!options.wait) {
    if (out.json) return out.data(link)
    out.fields([
      ['pay at', link.url],
      ['until', link.expiresAt],
    ])
    return out.next('mcpctl billing subscription')
  }
  out.say(`Pay at ${link.url}`)
  const after = await settled(context, params, before.incomplete?.id)
  printSubscription(out, after)
  if (after.id !== before.incomplete?.id) throw new RefusedError('It was not paid; the plan is as it was.')
}

/** The subscription once nothing waits any more, or something else does. */
async function settled(
  context: Context,
  params: { organizationId: string },
  waiting: string | undefined,
): Promise<Subscription> {
  for (;;) {
    const one = await context.call(api.subscriptions.get, { params })
    if (one.incomplete?.id !== waiting || waiting === undefined) return one
    await pause(lookMs)
  }
}

async function portal(context: Context): Promise<void> {
  const params = { organizationId: await organizationOf(context) }
  const link = await context.call(api.checkout.portal, { params })
  if (context.out.json) return context.out.data(link)
  context.out.fields([['manage at', link.url]])
}
