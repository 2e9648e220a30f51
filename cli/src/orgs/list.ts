import { api } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { paged, readPages, type PageOptions } from '../core/pages.ts'
import { stateCell } from '../core/words.ts'

export function listOrganizations(): Command {
  return does(paged(new Command('list').description('The organizations you belong to')), list)
}

async function list(context: Context, options: PageOptions): Promise<void> {
  const page = await readPages(options, (query) => context.call(api.organizations.list, { query }))
  const { out } = context
  if (out.json) return out.data(page)
  const chosen = context.credentials.of(context.url).organizationId
  out.table(
    page.items,
    [
      { title: 'organization', cell: (one) => one.slug },
      { title: 'name', cell: (one) => one.name },
      { title: 'state', cell: (one) => stateCell(one.state) },
      { title: 'time zone', cell: (one) => one.timeZone },
      { title: 'id', cell: (one) => one.id },
      { title: 'in use', cell: (one) => (one.id === chosen ? 'yes' : '') },
    ],
    'You belong to no organization yet.',
  )
  if (page.items.length === 0) out.next('mcpctl orgs create <name>')
}
