import { api, type EndpointOutput } from '@berth/contracts'
import { Command, Option } from 'commander'
import { does, noun } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import type { Output } from '../core/output.ts'
import { paged, readPages, type PageOptions } from '../core/pages.ts'
import { relativeTime } from '../core/time.ts'
import { stateCell } from '../core/words.ts'

interface ListOptions extends PageOptions {
  search?: string
  state?: 'active' | 'suspended' | 'closed'
  kind?: 'standard' | 'test'
}

/** `mcpctl admin organizations` */
export function organizationsCommand(): Command {
  const one = (name: string, description: string) =>
    new Command(name).description(description).argument('<organization>', 'id or slug')
  return noun('organizations', 'Every organization of the installation', [
    does(
      paged(new Command('list').description('Organizations with their sizes, newest first'))
        .option('--search <text>', 'part of a name or slug, or an id')
        .addOption(new Option('--state <state>', 'only these').choices(['active', 'suspended', 'closed']))
        .addOption(new Option('--kind <kind>', 'only these').choices(['standard', 'test'])),
      list,
    ),
    does(one('show', 'One organization: its size and whom to write to'), show),
    does(
      one('suspend', 'Stop its servers and refuse its calls at once, until it is resumed').requiredOption(
        '--reason <reason>',
        'why; its members are shown it',
      ),
      suspend,
    ),
    does(one('resume', 'Let a suspended organization go on; what ran comes back by itself'), resume),
  ])
}

async function list(context: Context, options: ListOptions): Promise<void> {
  const { search, state, kind } = options
  const page = await readPages(options, (query) =>
    context.call(api.operator.listOrganizations, { query: { ...query, search, state, kind } }),
  )
  if (context.out.json) return context.out.data(page)
  context.out.table(
    page.items,
    [
      { title: 'organization', cell: (one) => one.slug },
      { title: 'name', cell: (one) => one.name, max: 40 },
      { title: 'state', cell: (one) => stateCell(one.state) },
      { title: 'members', cell: (one) => one.members },
      { title: 'workspaces', cell: (one) => one.workspaces },
      { title: 'running', cell: (one) => `${one.running} of ${one.deployments}` },
      { title: 'created', cell: (one) => relativeTime(one.createdAt) },
      { title: 'id', cell: (one) => one.id },
    ],
    'No organization is like that.',
  )
}

async function show(context: Context, _options: object, organizationId: string): Promise<void> {
  print(context.out, await context.call(api.operator.getOrganization, { params: { organizationId } }))
}

async function suspend(context: Context, body: { reason: string }, organizationId: string): Promise<void> {
  const suspended = await context.call(api.operator.suspendOrganization, { params: { organizationId }, body })
  print(context.out, suspended)
  context.out.next(`mcpctl admin organizations resume ${suspended.slug}`)
}

async function resume(context: Context, _options: object, organizationId: string): Promise<void> {
  print(context.out, await context.call(api.operator.resumeOrganization, { params: { organizationId } }))
}

function print(out: Output, one: EndpointOutput<typeof api.operator.getOrganization>): void {
  if (out.json) return out.data(one)
  out.fields([
    ['id', one.id],
    ['slug', one.slug],
    ['name', one.name],
    ['kind', one.kind],
    ['state', stateCell(one.state)],
    ...(one.stateReason ? [['reason', one.stateReason] satisfies [string, string]] : []),
    ...(one.stateSince ? [['since', relativeTime(one.stateSince)] satisfies [string, string]] : []),
    ['owners', one.owners.map(({ name, email }) => `${name} <${email}>`).join(', ') || null],
    ['members', one.members],
    ['workspaces', one.workspaces],
    ['deployments', `${one.deployments}, of which ${one.running} run`],
    ['created', relativeTime(one.createdAt)],
  ])
}
