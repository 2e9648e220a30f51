import { api } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { escapeText } from '../core/text.ts'

export function useOrganization(): Command {
  const command = new Command('use')
    .description('Choose the organization that commands are about when --org is not given')
    .argument('<organization>', 'id or slug')
  return does(command, use)
}

async function use(context: Context, _options: object, named: string): Promise<void> {
  const organization = await context.call(api.organizations.get, { params: { organizationId: named } })
  context.credentials.update(context.url, { organizationId: organization.id, workspaceId: undefined })
  if (context.out.json) return context.out.data(organization)
  context.out.done(`Commands are about ${escapeText(organization.slug)} from now on.`)
}
