import { providerEndpoints } from '@berth/contracts'
import { findOrganizationId } from '../../organizations/service.ts'
import { implement, type Route } from '../../platform/http/implement.ts'
import type { Platform } from '../../platform/platform.ts'
import { notFound, Refusal } from '../../platform/problem.ts'
import { pageOfDrifts, settleDrift } from './drifts.ts'
import { keepEvent, pageOfWebhooks, retryWebhook } from './inbox.ts'
import type { Providers } from './providers.ts'
import { reconcile } from './reconcile.ts'

/** `wake`: tells the worker of this process, if there is one, that something came. */
export function providerRoutes(platform: Platform, providers: Providers, wake: () => void): Route[] {
  return implement(providerEndpoints, {
    receive: async ({ db, headers }, { params: { provider }, body }) => {
      const source = providers.sources.get(provider)
      if (!source) throw new Refusal('not_found', `No payment provider "${provider}" is set up here.`)
      const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0)
      const event = await source.verify(bytes, headers)
      if (await keepEvent(db, provider, event, { body: bytes, at: platform.clock.now() })) wake()
    },
    listWebhooks: ({ db }, { query }) => pageOfWebhooks(db, query),
    retryWebhook: async (context, { params }) => {
      const webhook = await context.mutate((tx) => retryWebhook(tx, params.webhookId))
      wake()
      return webhook
    },
    listDrifts: ({ db }, { query }) => pageOfDrifts(db, query),
    settleDrift: (context, { body }) => context.mutate((tx) => settleDrift(tx, body)),
    reconcile: async ({ db, origin }, { body: { organizationId: ref, dryRun } }) => {
      const organizationId = ref === undefined ? undefined : await findOrganizationId(db, ref)
      if (organizationId === null) throw notFound('organization')
      return reconcile(platform, providers.collector, { organizationId, origin, dryRun })
    },
  })
}
