import { billingOperatorEndpoints } from '@berth/contracts'
import { findOrganizationId } from '../../organizations/service.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Queryable } from '../../platform/db/database.ts'
import { implement, type RequestContext, type Route } from '../../platform/http/implement.ts'
import type { Tx } from '../../platform/mutate.ts'
import { notFound } from '../../platform/problem.ts'
import { organizationNow } from '../clock.ts'
import { advanceOnce, checkAdvance } from './advance.ts'
import { assignPlan } from './change.ts'
import type { Terms } from './model.ts'
import { allowOverLimit, createTestOrganization, pageOfBilled } from './operator.ts'
import { readSubscription } from './store.ts'
import { toSubscription } from './view.ts'

export function operatorRoutes(clock: Clock, terms: Terms): Route[] {
  const changing = async (
    context: RequestContext,
    ref: string,
    work: (tx: Tx, id: string) => Promise<void>,
  ) => {
    const id = await organizationOf(context.db, ref)
    return context.mutate(async (tx) => {
      await work(tx, id)
      return toSubscription(tx.db, await readSubscription(tx.db, id))
    })
  }
  return implement(billingOperatorEndpoints, {
    organizations: (context, { query }) => pageOfBilled(context.db, query),
    assign: (context, { params, body }) =>
      changing(context, params.organizationId, (tx, id) => assignPlan(tx, id, body, terms)),
    allowOverLimit: (context, { params, body }) =>
      changing(context, params.organizationId, (tx, id) => allowOverLimit(tx, id, body, terms)),
    createTestOrganization: (context, { body }) => {
      const { id: ownerId } = context.principal
      return context.mutate((tx) => createTestOrganization(tx, { ...body, ownerId }))
    },
    clock: ({ db, organizationId }) => clockOf(db, clock, organizationId),
    advanceClock: async (context, { body }) => {
      const { organizationId } = context
      const to = new Date(body.to)
      const from = await context.mutate((tx) => checkAdvance(tx, organizationId, to))
      while (!(await context.mutate((tx) => advanceOnce(tx, organizationId, { from, to }, terms))));
      return clockOf(context.db, clock, organizationId)
    },
  })
}

async function clockOf(db: Queryable, clock: Clock, organizationId: string) {
  const { kind } = await db
    .selectFrom('organizations')
    .select('kind')
    .where('id', '=', organizationId)
    .executeTakeFirstOrThrow()
  const now = await organizationNow(db, clock, organizationId)
  return { now: now.toISOString(), test: kind === 'test' }
}

async function organizationOf(db: Queryable, ref: string): Promise<string> {
  const id = await findOrganizationId(db, ref)
  if (!id) throw notFound('organization')
  return id
}
