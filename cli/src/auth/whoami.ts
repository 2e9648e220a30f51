import { api } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'

/** `mcpctl whoami`: who the token in use acts as, and where. */
export function whoamiCommand(): Command {
  return does(
    new Command('whoami').description('Show who you are signed in as, and where you may act'),
    whoami,
  )
}

async function whoami(context: Context): Promise<void> {
  const me = await context.call(api.identity.me, {})
  const { out } = context
  if (out.json) return out.data({ url: context.url, ...me })
  out.fields([
    ['url', context.url],
    ['principal', me.principal],
    ['name', me.user?.name ?? null],
    ['e-mail', me.user?.email ?? null],
    ['platform roles', me.platformRoles.join(', ') || null],
  ])
  if (me.organizations.length === 0) return out.next('mcpctl orgs create <name>')
  const chosen = context.credentials.of(context.url).organizationId
  out.line()
  out.table(
    me.organizations,
    [
      { title: 'organization', cell: (one) => one.slug },
      { title: 'name', cell: (one) => one.name },
      { title: 'role', cell: (one) => one.role },
      { title: 'in use', cell: (one) => (one.id === chosen ? 'yes' : '') },
    ],
    '',
  )
}
