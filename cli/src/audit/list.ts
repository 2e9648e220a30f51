import { api } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { organizationOf } from '../core/find.ts'
import { paged, readPages, type PageOptions } from '../core/pages.ts'
import { relativeTime } from '../core/time.ts'
import { actorText, payloadText } from './event.ts'

interface ListOptions extends PageOptions {
  type?: string
  actor?: string
}

export function listAudit(): Command {
  const command = paged(new Command('list').description('The log, newest first'))
    .option('--type <type>', 'only this event type, or its beginning followed by "*"; after "!", all others')
    .option('--actor <id>', 'only what this person, token or part of Berth did')
  return does(command, list)
}

async function list(context: Context, options: ListOptions): Promise<void> {
  const organizationId = await organizationOf(context)
  const { type, actor: actorId } = options
  const page = await readPages(options, (query) =>
    context.call(api.audit.list, { params: { organizationId }, query: { ...query, type, actorId } }),
  )
  const { out } = context
  if (out.json) return out.data(page)
  out.table(
    page.items,
    [
      { title: 'seq', cell: (one) => one.seq },
      { title: 'when', cell: (one) => relativeTime(one.at) },
      { title: 'event', cell: (one) => one.type },
      { title: 'by', cell: actorText },
      { title: 'what', cell: payloadText, max: 140 },
    ],
    'Nothing is in the log.',
  )
}
