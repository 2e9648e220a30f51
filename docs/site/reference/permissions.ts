import {
  api,
  memberRole,
  permissions,
  platformRole,
  rolePermissions,
  type Access,
  type Endpoint,
} from '@berth/contracts'
import type { Page } from '../pages.ts'
import { code, plain, table } from './table.ts'

export function permissionsPage(): Page {
  const roles = memberRole.options
  const endpoints: Endpoint[] = Object.values(api).flatMap((domain) => Object.values(domain) as Endpoint[])
  const summaries = (allows: (access: Access) => boolean) =>
    endpoints
      .filter(({ access }) => allows(access))
      .map(({ summary }) => plain(summary))
      .join('; ')
  const rights = table(
    ['permission', ...roles, 'for'],
    permissions.map((permission) => [
      code(permission),
      ...roles.map((role) => (rolePermissions[role].includes(permission) ? 'yes' : 'no')),
      summaries((access) => access.kind === 'organization' && access.permission === permission),
    ]),
  )
  const platform = table(
    ['role', 'for'],
    platformRole.options.map((role) => [
      code(role),
      summaries((access) => access.kind === 'platform' && access.role === role) || 'nothing in this version',
    ]),
  )
  const body = `
Who may do what is declared once, with each endpoint of the API, and is the same in the API, the CLI and the console.

## In an organization

${rights}

A token has some of these permissions as its scopes, never more than the person who made it.

## On the whole of Berth

${platform}

The first account of a fresh Berth becomes its operator. What you may not see is answered as if it were not there (404); what
you may see but not do is refused with 403.
`
  return {
    slug: 'reference/permissions',
    title: 'Roles and permissions',
    description: 'What each role may do, and what each permission is for.',
    body,
    source: 'contracts/src/permissions.ts',
  }
}
