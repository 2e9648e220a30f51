import { readFileSync, writeFileSync } from 'node:fs'
import { api, formatMoney, type Grant, type PlanChange, type PlanVersion } from '@berth/contracts'
import type { EndpointOutput } from '@berth/contracts'
import { Command } from 'commander'
import { does, noun } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { RefusedError, whyUnreadable } from '../core/errors.ts'

/** `mcpctl billing plans` */
export function plansCommand(): Command {
  return noun('plans', 'The plans of this Berth', [
    does(new Command('list').description('The plans an organization can choose'), list),
    does(
      new Command('apply')
        .description('Publish the plans of a plan file; what is published already never changes')
        .argument('<file>', 'YAML; `-` reads stdin')
        .option('--dry-run', 'only show what would be published'),
      apply,
    ),
    does(
      new Command('export')
        .description('The newest version of every plan, as a plan file')
        .option('--output <file>', 'write it there'),
      save,
    ),
  ])
}

/** What a period of a plan costs, in words. */
export function priceOf({ price, currency, per, interval }: PlanVersion): string {
  if (price === '0') return 'free'
  return `${formatMoney(price, currency)} a ${interval}${per === 'seat' ? ' and seat' : ''}`
}

async function list({ call, out }: Context): Promise<void> {
  const answer = await call(api.plans.list, {})
  if (out.json) return out.data(answer)
  out.table(
    answer.items,
    [
      { title: 'plan', cell: (one) => one.plan },
      { title: 'name', cell: (one) => one.name },
      { title: 'price', cell: priceOf },
      { title: 'trial', cell: (one) => (one.trialDays === 0 ? '' : `${one.trialDays} days`) },
      { title: 'version', cell: (one) => one.version },
      { title: 'description', cell: (one) => one.description, max: 50 },
    ],
    'No plan can be chosen.',
  )
}

async function apply({ call, out }: Context, { dryRun = false }: { dryRun?: boolean }, file: string) {
  const answer = await call(api.plans.apply, { body: { file: read(file), dryRun } })
  if (out.json) return out.data(answer)
  print(out, answer)
}

function print(out: Context['out'], { items, applied }: EndpointOutput<typeof api.plans.apply>): void {
  out.table(
    items,
    [
      { title: 'plan', cell: (one) => one.plan },
      { title: 'version', cell: (one) => one.version },
      { title: 'what', cell: what },
    ],
    'The file has no plans.',
  )
  for (const line of items.flatMap(differences)) out.line(line)
  if (!applied) out.say('Nothing was published: this was a dry run.')
}

function what({ action, version, changes }: PlanChange): string {
  if (action === 'none') return 'as published'
  return version === 1 ? 'new' : `changed: ${changes.map(({ field }) => field).join(', ')}`
}

/** What of a plan is other than in its newest version, field by field, as a plan file has it. */
function differences({ plan, version, changes }: PlanChange): string[] {
  if (version === 1) return []
  return changes.flatMap(({ field, previous, current }) => {
    if (field !== 'grants') return [`${plan}.${field}: ${written(previous)} → ${written(current)}`]
    const [before, after] = [grantsOf(previous), grantsOf(current)]
    return [...new Set([...before.keys(), ...after.keys()])]
      .map((key) => ({ key, was: before.get(key) ?? 'not granted', is: after.get(key) ?? 'not granted' }))
      .filter(({ was, is }) => was !== is)
      .map(({ key, was, is }) => `${plan}.${field}.${key}: ${was} → ${is}`)
  })
}

const written = (value: unknown): string =>
  typeof value === 'string' && value !== '' ? value : JSON.stringify(value)

const grantsOf = (value: unknown): Map<string, string> =>
  new Map(
    (value as Grant[]).map(({ key, limit, reset, mode }) => [
      key,
      `${limit ?? 'unlimited'}${reset === null ? '' : ` a ${reset}, ${mode}`}`,
    ]),
  )

function read(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new RefusedError(`${file} cannot be read: ${whyUnreadable(error)}.`)
  }
}

async function save({ call, out }: Context, { output }: { output?: string }): Promise<void> {
  const answer = await call(api.plans.export, {})
  if (output !== undefined) {
    writeFileSync(output, answer.file)
    return out.done(`The plans are in ${output}.`)
  }
  if (out.json) return out.data(answer)
  out.line(answer.file.trimEnd())
}
