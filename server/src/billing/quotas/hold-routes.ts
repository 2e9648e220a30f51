import { holdEndpoints } from '@berth/contracts'
import { implement, type RequestContext, type Route } from '../../platform/http/implement.ts'
import type { Platform } from '../../platform/platform.ts'
import { concludeHold, pageOfHolds, readHold, type HoldWish } from './hold-store.ts'
import { reserveQuota } from './holds.ts'

export function holdRoutes({ clock }: Platform): Route[] {
  const conclude = async (context: RequestContext, holdId: string, wish: HoldWish) => {
    const { organizationId } = context
    const answer = await context.mutate((tx) => concludeHold(tx, organizationId, holdId, wish))
    if (answer instanceof Error) throw answer
    return answer
  }
  return implement(holdEndpoints, {
    reserve: (context, { body: { items, expiresInSeconds } }) =>
      context.mutate(async (tx) => {
        const { organizationId } = context
        const expiresAt = new Date(tx.now.getTime() + expiresInSeconds * 1000)
        const { holdId, ...answer } = await reserveQuota(tx, organizationId, items, expiresAt)
        const hold = holdId === null ? null : await readHold(tx.db, organizationId, holdId, tx.now)
        return { ...answer, hold }
      }),
    list: ({ db, organizationId }, { query }) => pageOfHolds(db, organizationId, query, clock.now()),
    get: ({ db, organizationId }, { params }) => readHold(db, organizationId, params.holdId, clock.now()),
    confirm: (context, { params, body: { items } }) =>
      conclude(context, params.holdId, { action: 'confirm', items }),
    release: (context, { params }) => conclude(context, params.holdId, { action: 'release' }),
  })
}
