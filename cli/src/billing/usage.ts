import { api, entitlements, type BillingQuotaOutcome, type EntitlementKey } from '@berth/contracts'
import { Command, Option } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { RefusedError, UsageError } from '../core/errors.ts'
import { organizationOf } from '../core/find.ts'
import type { Column, Output } from '../core/output.ts'

const groups = ['day', 'tool', 'deployment', 'principal'] as const

/** `mcpctl billing usage` */
export function usageCommand(): Command {
  const command = new Command('usage')
    .description('What is used of the plan, or where tool calls came from')
    .addOption(new Option('--by <what>', 'tool calls in this window by').choices(groups))
  return does(command, usage)
}

/** `mcpctl billing quota` */
export function quotaCommand(): Command {
  const command = new Command('quota')
    .description('Whether so much may be used, all of it or nothing (exit status 1: it may not)')
    .argument('<key[=quantity]...>', 'for example gateway.tool_calls=10')
    .option('--record', 'use it, if it is allowed')
  return does(command, quota)
}

async function usage(context: Context, { by }: { by?: (typeof groups)[number] }): Promise<void> {
  const params = { organizationId: await organizationOf(context) }
  const { out } = context
  if (!by) {
    const answer = await context.call(api.quotas.usage, { params })
    if (out.json) return out.data(answer)
    return printOutcomes(out, answer.items)
  }
  const answer = await context.call(api.quotas.breakdown, { params, query: { by } })
  if (out.json) return out.data(answer)
  out.table(
    answer.items,
    [
      { title: by, cell: (one) => one.name ?? (one.key || '(none)') },
      { title: 'calls', cell: (one) => one.calls },
      { title: 'errors', cell: (one) => one.errors },
    ],
    'Nothing was called in this window.',
  )
}

async function quota(
  context: Context,
  { record = false }: { record?: boolean },
  given: string[],
): Promise<void> {
  const items = given.map(wanted)
  const organizationId = await organizationOf(context)
  const answer = await context.call(api.quotas.check, {
    params: { organizationId },
    body: { items, record },
  })
  const { out } = context
  if (out.json) out.data(answer)
  else printOutcomes(out, answer.items)
  if (answer.allowed) return record && !out.json ? out.done(recorded(answer.items)) : undefined
  throw moreThanAllowed(answer.items, 'used')
}

/** What came of `--record`: what is not counted by use was only asked for. */
function recorded(items: BillingQuotaOutcome[]): string {
  const checked = items
    .map(({ entitlementKey: key }) => entitlements[key as EntitlementKey])
    .filter(({ kind }) => kind !== 'metered')
    .map(({ title }) => title)
  if (checked.length === 0) return 'Recorded.'
  const done = checked.length === items.length ? 'Nothing was recorded' : 'Recorded'
  return `${done}. Not counted by use, so only checked: ${checked.join(', ')}.`
}

/** What stands against so much; nothing was done. */
export function moreThanAllowed(items: BillingQuotaOutcome[], done: 'used' | 'held'): RefusedError {
  const denied = items.filter(({ allowed }) => !allowed).flatMap(({ notes }) => notes)
  return new RefusedError(
    `${whyNot(denied)}, so nothing was ${done} (${denied.join(', ')}).`,
    'mcpctl billing plans list',
  )
}

function whyNot(notes: string[]): string {
  if (notes.includes('billing:suspended')) return 'The subscription is suspended'
  const missing = 'billing:entitlement-missing:'
  const keys = notes.filter((note) => note.startsWith(missing)).map((note) => note.slice(missing.length))
  return keys.length > 0 ? `The plan does not grant ${keys.join(', ')}` : 'This is more than the plan allows'
}

/** So much of a key, as it is typed. */
export function wanted(text: string): { key: string; quantity: number } {
  const [, key, amount = '1'] = /^([^=]+)(?:=(\d+))?$/.exec(text) ?? []
  const quantity = Number(amount)
  if (!key || !Number.isSafeInteger(quantity) || quantity < 1)
    throw new UsageError(
      `"${text}" is no quota: give a key with a whole number, as in gateway.tool_calls=10.`,
    )
  return { key, quantity }
}

const columns: Column<BillingQuotaOutcome>[] = [
  { title: 'what', cell: ({ entitlementKey: key }) => entitlements[key as EntitlementKey]?.title ?? key },
  { title: 'used', cell: (one) => one.used },
  { title: 'held', cell: (one) => one.held },
  { title: 'limit', cell: (one) => one.limit ?? 'unlimited' },
  { title: 'over', cell: (one) => one.overage },
  { title: 'counts anew', cell: (one) => one.window?.end ?? '' },
  { title: 'more', cell: more },
]

/** Whether more can be had, in a word or two; what else there is to know stands in the columns before. */
function more({ allowed, entitlementKey: key, notes }: BillingQuotaOutcome): string {
  if (allowed) return 'allowed'
  const told = (kind: string) => notes.some((note) => note.startsWith(`billing:${kind}:`))
  const isFeature = entitlements[key as EntitlementKey]?.kind === 'boolean'
  if (told('entitlement-missing') || (isFeature && told('quota-exceeded'))) return 'not in the plan'
  return told('quota-exceeded') ? 'refused' : notes.join(', ')
}

export function printOutcomes(out: Output, items: BillingQuotaOutcome[]): void {
  out.table(items, columns, 'The plan speaks of nothing.')
}
