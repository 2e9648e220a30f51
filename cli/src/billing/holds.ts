import { api, longestHoldSeconds, type QuotaHold, type QuotaHoldState } from '@berth/contracts'
import { Command, Option } from 'commander'
import { does, noun, wholeNumber } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { organizationOf } from '../core/find.ts'
import type { Output } from '../core/output.ts'
import { paged, readPages, type PageOptions } from '../core/pages.ts'
import { stateCell } from '../core/words.ts'
import { moreThanAllowed, printOutcomes, wanted } from './usage.ts'

const one = (name: string, description: string) =>
  new Command(name).description(description).argument('<hold>', 'its id')

/** `mcpctl billing holds` */
export function holdsCommand(): Command {
  const states = ['held', 'confirmed', 'released', 'expired']
  return noun('holds', 'Quota that is reserved for something that takes a while', [
    does(
      paged(new Command('list').description('What is held, then the newest that ended')).addOption(
        new Option('--state <state>', 'only these').choices(states),
      ),
      list,
    ),
    does(one('show', 'One hold with what it holds'), show),
    does(
      new Command('reserve')
        .description('Hold so much, all of it or nothing (exit status 1: it may not be used)')
        .argument('<key[=quantity]...>', 'for example gateway.tool_calls=10')
        .addOption(
          new Option('--expires-in-seconds <n>', 'when it ends by itself')
            .default(900)
            .argParser(wholeNumber(1, longestHoldSeconds)),
        ),
      reserve,
    ),
    does(
      one('confirm', 'Use what is held, or less of it; the rest goes back').argument(
        '[key=quantity...]',
        'what was used (default: all of it)',
      ),
      confirm,
    ),
    does(one('release', 'Give back all that is held'), release),
  ])
}

interface ListOptions extends PageOptions {
  state?: QuotaHoldState
}

async function list(context: Context, options: ListOptions): Promise<void> {
  const params = { organizationId: await organizationOf(context) }
  const { state } = options
  const page = await readPages(options, (query) =>
    context.call(api.holds.list, { params, query: { ...query, state } }),
  )
  if (context.out.json) return context.out.data(page)
  context.out.table(
    page.items,
    [
      { title: 'state', cell: (hold) => stateCell(hold.state) },
      {
        title: 'what',
        cell: (hold) => hold.items.map(({ key, quantity }) => `${key}=${quantity}`).join(' '),
      },
      { title: 'reserved', cell: (hold) => hold.createdAt },
      { title: 'until', cell: (hold) => hold.endedAt ?? hold.expiresAt },
      { title: 'id', cell: (hold) => hold.id },
    ],
    'Nothing was ever held.',
  )
}

const oneOf = async (context: Context, holdId: string) => ({
  params: { organizationId: await organizationOf(context), holdId },
})

async function show(context: Context, _options: object, holdId: string): Promise<void> {
  print(context.out, await context.call(api.holds.get, await oneOf(context, holdId)))
}

async function reserve(
  context: Context,
  { expiresInSeconds }: { expiresInSeconds: number },
  given: string[],
): Promise<void> {
  const items = given.map(wanted)
  const params = { organizationId: await organizationOf(context) }
  const answer = await context.call(api.holds.reserve, { params, body: { items, expiresInSeconds } })
  const { out } = context
  if (out.json) out.data(answer)
  else if (answer.hold) print(out, answer.hold)
  else printOutcomes(out, answer.items)
  if (!answer.hold) throw moreThanAllowed(answer.items, 'held')
}

async function confirm(context: Context, _options: object, holdId: string, given: string[]): Promise<void> {
  const body = given.length > 0 ? { items: given.map(wanted) } : {}
  print(context.out, await context.call(api.holds.confirm, { ...(await oneOf(context, holdId)), body }))
}

async function release(context: Context, _options: object, holdId: string): Promise<void> {
  print(context.out, await context.call(api.holds.release, await oneOf(context, holdId)))
}

function print(out: Output, hold: QuotaHold): void {
  if (out.json) return out.data(hold)
  out.fields([
    ['state', stateCell(hold.state)],
    ['reserved', hold.createdAt],
    [hold.endedAt ? 'ended' : 'until', hold.endedAt ?? hold.expiresAt],
    ['id', hold.id],
  ])
  out.table(
    hold.items,
    [
      { title: 'what', cell: ({ key }) => key },
      { title: 'held', cell: ({ quantity }) => quantity },
      { title: 'used', cell: ({ used }) => used },
      { title: 'of the window from', cell: ({ window }) => window.start },
    ],
    '',
  )
}
