import { tierEndpoints, workspaceEndpoints } from '@berth/contracts'
import { implement, type RequestContext, type Route } from '../platform/http/implement.ts'
import { afterCursor, cutPage } from '../platform/page.ts'
import { notFound } from '../platform/problem.ts'
import {
  archiveWorkspace,
  changeWorkspace,
  createWorkspace,
  getWorkspace,
  listWorkspaces,
  restoreWorkspace,
} from './service.ts'
import { changeTier, createTier, listTiers } from './tiers.ts'

export function workspacesRoutes(): Route[] {
  return implement(workspaceEndpoints, {
    list: async ({ db, organizationId, principal }, { query }) => {
      const filter = { state: query.state, id: principal.workspaceId ?? undefined }
      const before = afterCursor(query.cursor)
      const rows = await listWorkspaces(db, organizationId, filter, before, query.limit + 1)
      return cutPage(
        rows,
        query.limit,
        (row) => row.id,
        (row) => row,
      )
    },
    create: (context, { body }) => {
      if (context.principal.workspaceId) throw notFound('organization')
      return context.mutate((tx) => createWorkspace(tx, context.organizationId, body))
    },
    get: (context, { params }) => getWorkspace(context.db, context.organizationId, visible(context, params)),
    update: (context, { params, body }) =>
      context.mutate((tx) => changeWorkspace(tx, context.organizationId, visible(context, params), body)),
    archive: (context, { params }) =>
      context.mutate((tx) => archiveWorkspace(tx, context.organizationId, visible(context, params))),
    restore: (context, { params }) =>
      context.mutate((tx) => restoreWorkspace(tx, context.organizationId, visible(context, params))),
  })
}

export function tiersRoutes(): Route[] {
  return implement(tierEndpoints, {
    list: async ({ db }) => ({ items: await listTiers(db) }),
    create: (context, { body }) => context.mutate((tx) => createTier(tx, body)),
    update: (context, { params, body }) => context.mutate((tx) => changeTier(tx, params.code, body)),
  })
}

/** The workspace that is asked for, unless the caller's token belongs to another one. */
function visible({ principal }: RequestContext, { workspaceId }: { workspaceId: string }): string {
  if (principal.workspaceId && principal.workspaceId !== workspaceId) throw notFound('workspace')
  return workspaceId
}
