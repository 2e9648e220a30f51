import { api } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { escapeText } from '../core/text.ts'

export function createOrganization(): Command {
  const command = new Command('create')
    .description('Create an organization; you become its owner')
    .argument('<name>')
    .option('--slug <slug>', 'its short name in URLs (default: from the name)')
    .option('--time-zone <zone>', 'an IANA time zone such as Europe/Berlin (default: UTC)')
  return does(command, create)
}

async function create(
  context: Context,
  options: { slug?: string; timeZone?: string },
  name: string,
): Promise<void> {
  const created = await context.call(api.organizations.create, { body: { name, ...options } })
  const { out } = context
  if (out.json) return out.data(created)
  out.done(`Created the organization ${escapeText(created.slug)} (${created.id}).`)
  out.next(`mcpctl orgs use ${created.slug}`, 'mcpctl workspaces create <name>')
}
