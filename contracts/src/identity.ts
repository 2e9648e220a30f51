import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { idOf, timestamp } from './ids.ts'
import { organizationState } from './organizations.ts'
import { memberRole, permission, platformRole } from './permissions.ts'
import { userState } from './users.ts'

export const user = z.object({
  id: idOf('user'),
  name: z.string(),
  email: z.string(),
  state: userState,
  createdAt: timestamp,
})

export const me = z.object({
  principal: z.enum(['user', 'service']),
  user: user.nullable(),
  confirmEmail: z
    .enum(['must', 'should'])
    .nullable()
    .describe(
      'Whether the address waits to be confirmed. `must`: nothing but the account is open until then. Null: it was confirmed, or this Berth sends no e-mail',
    ),
  platformRoles: z.array(platformRole),
  organizations: z.array(
    z.object({
      id: idOf('organization'),
      slug: z.string(),
      name: z.string(),
      state: organizationState,
      role: memberRole.nullable(),
      permissions: z.array(permission),
    }),
  ),
})
export type Me = z.infer<typeof me>

export const personSession = z.object({
  id: idOf('session'),
  createdAt: timestamp,
  lastUsedAt: timestamp,
  expiresAt: timestamp,
  userAgent: z.string().nullable(),
  address: z.string().nullable(),
  current: z.boolean(),
})

export const setupState = z.object({
  operatorClaimed: z.boolean(),
  setupCodeRequired: z.boolean().describe('The first account needs the code that the server printed'),
  version: z.string(),
  sendsMail: z.boolean().describe('A new account has to confirm its e-mail address by a link'),
})

export const identityEndpoints = {
  setup: endpoint({
    id: 'identity.setup',
    method: 'GET',
    path: '/api/setup',
    tag: 'identity',
    summary: 'Whether this installation has an operator yet',
    access: { kind: 'public' },
    response: setupState,
  }),
  me: endpoint({
    id: 'identity.me',
    method: 'GET',
    path: '/api/me',
    tag: 'identity',
    summary: 'Who the caller is and where they may act',
    unverified: true,
    access: { kind: 'user' },
    response: me,
  }),
  listSessions: endpoint({
    id: 'identity.list-sessions',
    method: 'GET',
    path: '/api/me/sessions',
    tag: 'identity',
    summary: "The caller's sign-ins",
    unverified: true,
    access: { kind: 'user' },
    response: z.object({ items: z.array(personSession) }),
  }),
  revokeSession: endpoint({
    id: 'identity.revoke-session',
    method: 'DELETE',
    path: '/api/me/sessions/:sessionId',
    tag: 'identity',
    summary: 'End one sign-in at once',
    unverified: true,
    access: { kind: 'user' },
    params: z.object({ sessionId: idOf('session') }),
  }),
  endOtherSessions: endpoint({
    id: 'identity.end-other-sessions',
    method: 'DELETE',
    path: '/api/me/sessions',
    tag: 'identity',
    summary: 'End every sign-in of the caller but the present one',
    unverified: true,
    access: { kind: 'user' },
    status: 200,
    response: z.object({ ended: z.number().int() }),
  }),
}
