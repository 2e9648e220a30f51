import { api } from '@berth/contracts'
import { Command } from 'commander'
import { does, noun } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { relativeTime } from '../core/time.ts'

/** `mcpctl account sessions`; alone it lists them. */
export function sessionsCommand(): Command {
  const command = noun('sessions', 'Where you are signed in', [
    does(
      new Command('end').description('End one sign-in at once').argument('<session>', 'its id'),
      async (context: Context, _options: object, sessionId: string) => {
        await context.call(api.identity.revokeSession, { params: { sessionId } })
        if (context.out.json) return context.out.data({ id: sessionId, ended: true })
        context.out.done('It is ended.')
      },
    ),
    does(
      new Command('end-others').description('End every sign-in but the present one'),
      async (context: Context) => {
        const { ended } = await context.call(api.identity.endOtherSessions, {})
        if (context.out.json) return context.out.data({ ended })
        context.out.done(ended === 1 ? 'One other sign-in was ended.' : `${ended} other sign-ins were ended.`)
      },
    ),
  ])
  const list = does(new Command('list').description('Where you are signed in'), listSessions)
  return command.addCommand(list, { isDefault: true })
}

async function listSessions(context: Context): Promise<void> {
  const { items } = await context.call(api.identity.listSessions, {})
  const { out } = context
  if (out.json) return out.data({ items })
  out.table(
    items,
    [
      { title: 'id', cell: (one) => one.id },
      { title: 'program', cell: (one) => one.userAgent, max: 40 },
      { title: 'address', cell: (one) => one.address },
      { title: 'last used', cell: (one) => relativeTime(one.lastUsedAt) },
      { title: 'expires', cell: (one) => relativeTime(one.expiresAt) },
      { title: 'this one', cell: (one) => (one.current ? 'yes' : '') },
    ],
    'There is none.',
  )
}
