import { subscriptionEndpoints } from '@berth/contracts'
import type { Clock } from '../../platform/clock.ts'
import { implement, type RequestContext, type Route } from '../../platform/http/implement.ts'
import type { Tx } from '../../platform/mutate.ts'
import { organizationNow } from '../clock.ts'
import {
  cancelSubscription,
  changePlan,
  preview,
  schedulePlan,
  setSeats,
  unschedule,
  withdrawCancellation,
} from './change.ts'
import type { Terms } from './model.ts'
import { readSubscription } from './store.ts'
import { pageOfSubscriptions, toQuote, toSubscription } from './view.ts'

export function subscriptionRoutes(clock: Clock, terms: Terms): Route[] {
  /** Does something with the subscription, and answers with what it is then. */
  const changing = (context: RequestContext, work: (tx: Tx, organizationId: string) => Promise<void>) =>
    context.mutate(async (tx) => {
      await work(tx, context.organizationId)
      return toSubscription(tx.db, await readSubscription(tx.db, context.organizationId))
    })
  return implement(subscriptionEndpoints, {
    get: async ({ db, organizationId }) => toSubscription(db, await readSubscription(db, organizationId)),
    history: ({ db, organizationId }, { query }) => pageOfSubscriptions(db, organizationId, query),
    preview: async ({ db, organizationId }, { body }) => {
      const one = await readSubscription(db, organizationId)
      const at = await organizationNow(db, clock, organizationId)
      return toQuote(db, one, await preview(db, one, body, at), terms)
    },
    change: (context, { body }) => changing(context, (tx, id) => changePlan(tx, id, body, terms)),
    schedule: (context, { body }) => changing(context, (tx, id) => schedulePlan(tx, id, body, terms)),
    unschedule: (context) => changing(context, (tx, id) => unschedule(tx, id, terms)),
    setSeats: (context, { body }) => changing(context, (tx, id) => setSeats(tx, id, body, terms)),
    cancel: (context, { body }) => changing(context, (tx, id) => cancelSubscription(tx, id, body, terms)),
    resume: (context) => changing(context, (tx, id) => withdrawCancellation(tx, id, terms)),
  })
}
