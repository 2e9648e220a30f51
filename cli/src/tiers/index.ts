import { api, type Tier } from '@berth/contracts'
import { Command, Option } from 'commander'
import { does, noun, several } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { UsageError } from '../core/errors.ts'
import type { Output } from '../core/output.ts'

interface TierOptions {
  name?: string
  sandbox?: Tier['sandbox']
  allowLocal?: boolean
  checkEveryCall?: boolean
  region?: string[]
  anyRegion?: boolean
}

/** `mcpctl tiers` */
export function tiersCommand(): Command {
  return noun('tiers', 'What a place demands of what runs there', [
    does(new Command('list').description('What each tier demands'), list),
    does(withDemands(new Command('create').description('Create a tier (operators)')), create),
    does(withDemands(new Command('update').description('Change what a tier demands (operators)')), update),
  ])
}

function withDemands(command: Command): Command {
  return command
    .argument('<code>', 'its short name')
    .option('--name <name>', 'its name for people')
    .addOption(
      new Option('--sandbox <need>', 'whether servers must be sandboxed').choices(['required', 'preferred']),
    )
    .option('--allow-local', "servers from folders on the operator's machine may run here")
    .option('--no-allow-local', 'they may not')
    .option('--check-every-call', 'check every call in the database, not in memory')
    .option('--no-check-every-call', 'check calls in memory')
    .option('--region <region>', 'where its workspaces may be (repeatable)', several)
    .option('--any-region', 'its workspaces may be anywhere')
}

async function list(context: Context): Promise<void> {
  const tiers = await context.call(api.tiers.list, {})
  if (context.out.json) return context.out.data(tiers)
  printTiers(context.out, tiers.items)
}

async function create(context: Context, options: TierOptions, code: string): Promise<void> {
  const { name = code, ...demands } = demandsOf(options)
  const tier = await context.call(api.tiers.create, { body: { code, name, ...demands } })
  if (context.out.json) return context.out.data(tier)
  printTiers(context.out, [tier])
}

async function update(context: Context, options: TierOptions, code: string): Promise<void> {
  const changes = demandsOf(options)
  if (Object.values(changes).every((value) => value === undefined)) {
    throw new UsageError('Give what is to change, for example --sandbox required.')
  }
  const tier = await context.call(api.tiers.update, { params: { code }, body: changes })
  if (context.out.json) return context.out.data(tier)
  printTiers(context.out, [tier])
}

function demandsOf(options: TierOptions) {
  const { name, sandbox, allowLocal, checkEveryCall, region, anyRegion } = options
  if (region && anyRegion) throw new UsageError('Give --region or --any-region, not both.')
  return { name, sandbox, allowLocal, checkEveryCall, regions: anyRegion ? [] : region }
}

function printTiers(out: Output, tiers: Tier[]): void {
  out.table(
    tiers,
    [
      { title: 'tier', cell: (one) => one.code },
      { title: 'name', cell: (one) => one.name },
      { title: 'sandbox', cell: (one) => one.sandbox },
      { title: 'local folders', cell: (one) => (one.allowLocal ? 'allowed' : 'refused') },
      { title: 'regions', cell: (one) => one.regions.join(', ') || 'any' },
      { title: 'calls checked', cell: (one) => (one.checkEveryCall ? 'in the database' : 'in memory') },
    ],
    'There are no tiers.',
  )
}
