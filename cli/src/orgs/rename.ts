import { api } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { UsageError } from '../core/errors.ts'
import { organizationOf } from '../core/find.ts'
import { printOrganization } from './show.ts'

export function renameOrganization(): Command {
  const command = new Command('rename')
    .description('Rename an organization, or change its slug or time zone; old slugs keep working')
    .argument('[name]', 'the new name')
    .option('--slug <slug>', 'the new short name in URLs')
    .option('--time-zone <zone>', 'the new IANA time zone')
  return does(command, rename)
}

async function rename(
  context: Context,
  options: { slug?: string; timeZone?: string },
  name?: string,
): Promise<void> {
  if (!name && !options.slug && !options.timeZone) {
    throw new UsageError('Give the new name, --slug or --time-zone.')
  }
  const organizationId = await organizationOf(context)
  const body = { name, ...options }
  printOrganization(
    context.out,
    await context.call(api.organizations.update, { params: { organizationId }, body }),
  )
}
