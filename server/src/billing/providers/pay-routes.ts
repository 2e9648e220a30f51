import { checkoutEndpoints } from '@berth/contracts'
import type { Queryable } from '../../platform/db/database.ts'
import { implement, type Route } from '../../platform/http/implement.ts'
import type { Logger } from '../../platform/logger.ts'
import { Refusal } from '../../platform/problem.ts'
import { abandonCheckout, beginCheckout } from '../subscriptions/checkout.ts'
import { demandReal, isTest } from '../subscriptions/collecting.ts'
import type { Terms } from '../subscriptions/model.ts'
import { findSubscription } from '../subscriptions/store.ts'
import { findCustomer } from './customers.ts'
import type { Collector } from './provider.ts'

/** How organizations pay where a payment provider is set up. */
export function payRoutes(collector: Collector | null, terms: Terms, logger: Logger): Route[] {
  return implement(checkoutEndpoints, {
    payment: ({ db, organizationId }) => paymentOf(db, organizationId, terms),
    checkout: async (context, { body }) => {
      const { organizationId } = context
      const { invoiceId } = await context.mutate((tx) => beginCheckout(tx, organizationId, body, terms))
      const { url, expiresAt } = await reaching(logger, () => asked(collector).checkout(invoiceId))
      return { url, expiresAt: expiresAt.toISOString() }
    },
    abandon: (context) => context.mutate((tx) => abandonCheckout(tx, context.organizationId, terms)),
    portal: async ({ db, organizationId }) => {
      await demandReal(db, organizationId, 'there are no cards and no receipts of it anywhere.')
      const { provider } = await paymentOf(db, organizationId, terms)
      if (provider === 'manual')
        throw new Refusal(
          'invalid_state',
          'No payment provider knows the organization: there is nothing to manage yet.',
        )
      return { ...(await reaching(logger, () => asked(collector).portal(organizationId))), expiresAt: null }
    },
  })
}

/** The provider whose customer it is, if there is one. */
async function paymentOf(db: Queryable, organizationId: string, terms: Terms) {
  const manual = { provider: 'manual', method: null }
  if (terms.provider === 'manual' || (await isTest(db, organizationId))) return manual
  const customer = await findCustomer(db, organizationId, terms.provider)
  const live = await findSubscription(db, organizationId)
  if (!customer?.customerRef && live?.provider !== terms.provider) return manual
  return { provider: terms.provider, method: customer?.paymentMethod ?? null }
}

function asked(collector: Collector | null): Collector {
  if (collector) return collector
  throw new Refusal('invalid_state', 'No payment provider is set up here.')
}

/** What a provider that does not answer means to whoever waits for its link. */
async function reaching<T>(logger: Logger, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Refusal) throw error
    logger.warn({ err: (error as Error).message }, 'a payment provider was not reached')
    throw new Refusal(
      'unavailable',
      'The payment provider does not answer. Try again in a moment; nothing is lost.',
    )
  }
}
