import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { idOf, timestamp } from './ids.ts'
import { pageOf, pageQuery } from './pagination.ts'
import { memberRole, platformRole } from './permissions.ts'

export const userState = z.enum(['active', 'disabled', 'deleted'])

/** A person as operators see them. */
export const person = z.object({
  id: idOf('user'),
  name: z.string(),
  email: z.string(),
  emailVerified: z.boolean(),
  state: userState,
  platformRoles: z.array(platformRole),
  secondFactor: z.boolean(),
  organizations: z.array(
    z.object({ id: idOf('organization'), slug: z.string(), name: z.string(), role: memberRole }),
  ),
  createdAt: timestamp,
  lastSeenAt: timestamp.nullable().describe('Of the sign-ins that still are'),
})
export type Person = z.infer<typeof person>

const oneUser = z.object({ userId: idOf('user') })
const oneRole = oneUser.extend({ role: platformRole })
const operator = { kind: 'platform', role: 'operator' } as const

export const userEndpoints = {
  list: endpoint({
    id: 'users.list',
    method: 'GET',
    path: '/api/operator/users',
    tag: 'users',
    summary: 'The people of this installation, newest first',
    access: operator,
    query: pageQuery.extend({
      search: z.string().trim().max(100).optional().describe('Part of a name or an e-mail address'),
      state: userState.optional().describe('Absent: all but the deleted'),
      role: platformRole.optional(),
    }),
    response: pageOf(person),
  }),
  get: endpoint({
    id: 'users.get',
    method: 'GET',
    path: '/api/operator/users/:userId',
    tag: 'users',
    summary: 'One person',
    access: operator,
    params: oneUser,
    response: person,
  }),
  disable: endpoint({
    id: 'users.disable',
    method: 'POST',
    path: '/api/operator/users/:userId/disable',
    tag: 'users',
    summary: 'Disable an account: its sign-ins, tokens and open MCP sessions end at once',
    description: 'Not your own account, and not the last operator.',
    access: operator,
    params: oneUser,
    response: person,
  }),
  enable: endpoint({
    id: 'users.enable',
    method: 'POST',
    path: '/api/operator/users/:userId/enable',
    tag: 'users',
    summary: 'Enable a disabled account again; revoked tokens stay revoked',
    access: operator,
    params: oneUser,
    response: person,
  }),
  createResetLink: endpoint({
    id: 'users.create-reset-link',
    method: 'POST',
    path: '/api/operator/users/:userId/reset-link',
    tag: 'users',
    summary: 'Make a link with which a person sets a new password',
    description:
      'Shown once, good once, for an hour. Hand it on by a way you trust. Links made before are worth nothing then.',
    access: operator,
    params: oneUser,
    status: 201,
    response: z.object({ url: z.string(), expiresAt: timestamp }),
  }),
  removeTotp: endpoint({
    id: 'users.remove-totp',
    method: 'DELETE',
    path: '/api/operator/users/:userId/totp',
    tag: 'users',
    summary: 'Take the second factor off an account whose owner lost the app and the recovery codes',
    access: operator,
    params: oneUser,
    status: 200,
    response: person,
  }),
  grantRole: endpoint({
    id: 'users.grant-role',
    method: 'PUT',
    path: '/api/operator/users/:userId/roles/:role',
    tag: 'users',
    summary: 'Make a person an operator or a reviewer',
    access: operator,
    params: oneRole,
    response: person,
  }),
  revokeRole: endpoint({
    id: 'users.revoke-role',
    method: 'DELETE',
    path: '/api/operator/users/:userId/roles/:role',
    tag: 'users',
    summary: 'Take a platform role away; the last operator stays one',
    access: operator,
    params: oneRole,
    status: 200,
    response: person,
  }),
}
