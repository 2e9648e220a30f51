import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { idOf, organizationRef, timestamp } from './ids.ts'

export const secretName = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/,
    'use letters, digits, hyphens and underscores, starting with a letter',
  )

export const secret = z.object({
  id: idOf('secret'),
  workspaceId: idOf('workspace'),
  name: z.string(),
  version: z.number().int(),
  /** Its value was lost with the installation's key: it has to be set anew. */
  lost: z.boolean(),
  updatedAt: timestamp,
  updatedBy: z.string(),
})
export type Secret = z.infer<typeof secret>

const inWorkspace = z.object({ organizationId: organizationRef, workspaceId: idOf('workspace') })
const oneSecret = inWorkspace.extend({ name: secretName })

export const secretEndpoints = {
  list: endpoint({
    id: 'secrets.list',
    method: 'GET',
    path: '/api/orgs/:organizationId/workspaces/:workspaceId/secrets',
    tag: 'secrets',
    summary: 'The names of the secrets in a workspace; values are never read back',
    access: { kind: 'organization', permission: 'secrets:read' },
    params: inWorkspace,
    response: z.object({ items: z.array(secret) }),
  }),
  set: endpoint({
    id: 'secrets.set',
    example: { body: { value: '$VALUE' } },
    method: 'PUT',
    path: '/api/orgs/:organizationId/workspaces/:workspaceId/secrets/:name',
    tag: 'secrets',
    summary: 'Set a secret; deployments that use it read it at their next launch',
    access: { kind: 'organization', permission: 'secrets:write' },
    params: oneSecret,
    body: z.object({
      value: z
        .string()
        .min(1)
        .max(64 * 1024),
    }),
    response: secret,
  }),
  remove: endpoint({
    id: 'secrets.remove',
    method: 'DELETE',
    path: '/api/orgs/:organizationId/workspaces/:workspaceId/secrets/:name',
    tag: 'secrets',
    summary: 'Remove a secret; refused while a deployment needs it',
    access: { kind: 'organization', permission: 'secrets:write' },
    params: oneSecret,
  }),
}
