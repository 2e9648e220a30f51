import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { paged, readPages, type PageOptions } from '../core/pages.ts'
import { relativeTime } from '../core/time.ts'
import { stateCell } from '../core/words.ts'
import { tokenPage, tokenPlace } from './place.ts'

export function listTokens(): Command {
  const command = new Command('list').description('Your tokens, or the service tokens of --workspace')
  return does(paged(command), list)
}

async function list(context: Context, options: PageOptions): Promise<void> {
  const place = await tokenPlace(context)
  const page = await readPages(options, (query) => tokenPage(context, place, query))
  const { out } = context
  if (out.json) return out.data(page)
  out.table(
    page.items,
    [
      { title: 'name', cell: (one) => one.name },
      { title: 'ends in', cell: (one) => one.hint },
      { title: 'state', cell: (one) => stateCell(one.state) },
      { title: 'scopes', cell: (one) => one.scopes.join(' ') },
      { title: 'tools', cell: (one) => one.allowedTools?.join(' ') ?? 'all' },
      { title: 'expires', cell: (one) => relativeTime(one.expiresAt) },
      { title: 'last used', cell: (one) => relativeTime(one.lastUsedAt) },
      { title: 'id', cell: (one) => one.id },
    ],
    'There are no tokens.',
  )
}
