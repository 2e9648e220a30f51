import { api } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { paged, readPages, type PageOptions } from '../core/pages.ts'
import { stateCell } from '../core/words.ts'

export function listServers(): Command {
  const command = paged(new Command('list').description('Servers that can be launched')).argument(
    '[search]',
    'part of a name or description',
  )
  return does(command, list)
}

async function list(context: Context, options: PageOptions, search?: string): Promise<void> {
  const page = await readPages(options, (query) =>
    context.call(api.catalog.list, { query: { ...query, search } }),
  )
  const { out } = context
  if (out.json) return out.data(page)
  out.table(
    page.items,
    [
      { title: 'server', cell: (one) => one.name },
      { title: 'version', cell: (one) => one.latestRelease?.version ?? null },
      {
        title: 'surface',
        cell: (one) => (one.latestRelease ? stateCell(one.latestRelease.observation) : null),
      },
      { title: 'from', cell: (one) => one.latestRelease?.artifact.kind ?? null },
      { title: 'description', cell: (one) => one.description || one.title, max: 70 },
    ],
    search ? 'Nothing matches.' : 'The catalog is empty.',
  )
  if (page.items.length > 0) out.next(`mcpctl deployments launch ${page.items[0]!.name}`)
}
