import { api, type Organization } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { organizationOf } from '../core/find.ts'
import type { Output } from '../core/output.ts'
import { relativeTime } from '../core/time.ts'
import { stateCell } from '../core/words.ts'

export function showOrganization(): Command {
  const command = new Command('show').description('One organization').argument('[organization]', 'id or slug')
  return does(command, show)
}

async function show(context: Context, _options: object, named?: string): Promise<void> {
  const organizationId = named ?? (await organizationOf(context))
  printOrganization(context.out, await context.call(api.organizations.get, { params: { organizationId } }))
}

/** Prints one organization, as JSON or as fields. */
export function printOrganization(out: Output, organization: Organization): void {
  if (out.json) return out.data(organization)
  out.fields([
    ['id', organization.id],
    ['slug', organization.slug],
    ['name', organization.name],
    ['state', stateCell(organization.state)],
    ...(organization.stateReason ? [['why', organization.stateReason] as [string, string]] : []),
    ['kind', organization.kind],
    ['time zone', organization.timeZone],
    ['created', relativeTime(organization.createdAt)],
  ])
}
