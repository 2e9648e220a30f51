import { limitEndpoints, operatorEndpoints, platformOrganizationId } from '@berth/contracts'
import { resumeOrganization, suspendOrganization } from '../organizations/service.ts'
import { implement, type Route } from '../platform/http/implement.ts'
import type { Platform } from '../platform/platform.ts'
import { readHealth } from './health.ts'
import { limitsOf } from './limits.ts'
import { pageOfOverviews, readOverview, resolve } from './organizations.ts'
import { listRunners } from './runners.ts'

/** The installation as those who run it see it, and the limits it sets to everybody. */
export function installationRoutes(platform: Platform, publicUrl: () => string): Route[] {
  const { feed } = platform
  const at = platform.clock.now()
  return [
    ...implement(operatorEndpoints, {
      listOrganizations: (context, { query }) => pageOfOverviews(context.db, query),
      getOrganization: (context, { params }) => readOverview(context.db, params.organizationId),
      suspendOrganization: async (context, { params, body: { reason } }) => {
        const organizationId = await resolve(context.db, params.organizationId)
        await context.mutate(async (tx) => {
          await suspendOrganization(tx, organizationId, reason)
          tx.emit(platformOrganizationId, 'operator.organization_suspended', { organizationId, reason })
        })
        await feed.catchUp()
        return readOverview(context.db, organizationId)
      },
      resumeOrganization: async (context, { params }) => {
        const organizationId = await resolve(context.db, params.organizationId)
        await context.mutate(async (tx) => {
          await resumeOrganization(tx, organizationId)
          tx.emit(platformOrganizationId, 'operator.organization_resumed', { organizationId })
        })
        await feed.catchUp()
        return readOverview(context.db, organizationId)
      },
      listRunners: async (context) => ({ items: await listRunners(context.db) }),
      health: () => readHealth(platform, { at, publicUrl: publicUrl() }),
    }),
    ...implement(limitEndpoints, {
      mine: async (context) => limitsOf(context.requestLimit),
    }),
  ]
}
