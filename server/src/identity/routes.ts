import { identityEndpoints, tokenEndpoints } from '@berth/contracts'
import { implement, type Route } from '../platform/http/implement.ts'
import type { Platform } from '../platform/platform.ts'
import { notFound } from '../platform/problem.ts'
import { version } from '../platform/version.ts'
import { describe } from './people/me.ts'
import { endSessions } from './people/outbox.ts'
import { listSessions } from './people/sessions.ts'
import { setupState } from './people/setup-code.ts'
import { signedIn } from './signed-in.ts'
import { demandWorkspace, pageOfTokens } from './tokens/store.ts'
import { createApiToken, createServiceToken, revokeToken } from './tokens/tokens.ts'

export function identityRoutes(platform: Platform): Route[] {
  const { clock, feed } = platform
  const sendsMail = platform.config.mail !== null
  return [
    ...implement(identityEndpoints, {
      setup: async (context) => ({
        ...(await setupState(context.db, platform.config)),
        version,
        sendsMail,
      }),
      me: (context) => describe(context.db, context.principal, sendsMail),
      listSessions: async (context) => {
        const { id, sessionId } = signedIn(context.principal)
        return { items: await listSessions(context.db, id, { now: clock.now(), current: sessionId }) }
      },
      revokeSession: async (context, { params }) => {
        const { id } = signedIn(context.principal)
        await context.mutate(async (tx) => {
          if ((await endSessions(tx, id, { only: params.sessionId })) === 0) throw notFound('session')
        })
        await feed.catchUp()
      },
      endOtherSessions: async (context) => {
        const { id, sessionId } = signedIn(context.principal)
        const ended = await context.mutate((tx) => endSessions(tx, id, { except: sessionId! }))
        await feed.catchUp()
        return { ended }
      },
    }),
    ...implement(tokenEndpoints, {
      listMine: (context, { query }) => {
        const { id } = signedIn(context.principal)
        return pageOfTokens(context.db, { kind: 'api', userId: id }, { ...query, now: clock.now() })
      },
      createMine: (context, { body }) => {
        const creator = signedIn(context.principal)
        return context.mutate((tx) => createApiToken(tx, creator, body))
      },
      revokeMine: async (context, { params }) => {
        const { id } = signedIn(context.principal)
        await context.mutate((tx) => revokeToken(tx, { kind: 'api', userId: id }, params.tokenId))
        await feed.catchUp()
      },
      listService: async (context, { params, query }) => {
        const owner = {
          kind: 'service',
          organizationId: context.organizationId,
          workspaceId: params.workspaceId,
        } as const
        await demandWorkspace(context.db, owner.organizationId, owner.workspaceId)
        return pageOfTokens(context.db, owner, { ...query, now: clock.now() })
      },
      createService: (context, { params, body }) => {
        const place = { organizationId: context.organizationId, workspaceId: params.workspaceId }
        return context.mutate((tx) => createServiceToken(tx, context.principal, place, body))
      },
      revokeService: async (context, { params }) => {
        const owner = {
          kind: 'service',
          organizationId: context.organizationId,
          workspaceId: params.workspaceId,
        } as const
        await context.mutate((tx) => revokeToken(tx, owner, params.tokenId))
        await feed.catchUp()
      },
    }),
  ]
}
