import type { Command } from 'commander'
import { noun } from '../core/command.ts'
import { closeOrganization } from './close.ts'
import { createOrganization } from './create.ts'
import { exportOrganization, verifyOrganizationExport } from './export.ts'
import { acceptInvitation, declineInvitation, invitationsCommand, inviteCommand } from './invitations.ts'
import { listOrganizations } from './list.ts'
import { membersCommand } from './members.ts'
import { renameOrganization } from './rename.ts'
import { showOrganization } from './show.ts'
import { useOrganization } from './use.ts'

/** `mcpctl orgs` */
export function orgsCommand(): Command {
  return noun('orgs', 'Organizations and their members', [
    listOrganizations(),
    createOrganization(),
    showOrganization(),
    renameOrganization(),
    membersCommand(),
    inviteCommand(),
    invitationsCommand(),
    acceptInvitation(),
    declineInvitation(),
    exportOrganization(),
    verifyOrganizationExport(),
    closeOrganization(),
    useOrganization(),
  ])
}
