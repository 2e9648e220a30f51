import { secretEndpoints } from '@berth/contracts'
import type { MasterKey } from '../platform/crypto.ts'
import { implement, type RequestContext, type Route } from '../platform/http/implement.ts'
import { notFound } from '../platform/problem.ts'
import { listSecrets, removeSecret, setSecret } from './service.ts'

export function secretsRoutes({ keys }: { keys: MasterKey }): Route[] {
  return implement(secretEndpoints, {
    list: async (context, { params }) => ({
      items: await listSecrets(context.db, context.organizationId, visible(context, params)),
    }),
    set: (context, { params, body }) =>
      context.mutate((tx) =>
        setSecret(tx, keys, context.organizationId, visible(context, params), {
          name: params.name,
          value: body.value,
        }),
      ),
    remove: (context, { params }) =>
      context.mutate((tx) => removeSecret(tx, context.organizationId, visible(context, params), params.name)),
  })
}

/** The workspace that is asked for, unless the caller's token belongs to another one. */
function visible({ principal }: RequestContext, { workspaceId }: { workspaceId: string }): string {
  if (principal.workspaceId && principal.workspaceId !== workspaceId) throw notFound('workspace')
  return workspaceId
}
