/** Uses of quota by many callers: those who come while others are being decided go next, together. */
import type { Origin } from '../../platform/mutate.ts'
import type { Platform } from '../../platform/platform.ts'
import { addUp, type Answer } from './decide.ts'
import { entitledAt, findEntitlements, type Entitlements } from './entitled.ts'
import { createGroups } from './group.ts'
import { runUses } from './statement.ts'
import { asksOf, refusing, useQuotas, type UseRequest } from './use.ts'

export interface QuotaUses {
  /** All or nothing, and durable once it is answered. Throws `invalid_input` and `idempotency_conflict`. */
  use(organizationId: string, request: UseRequest): Promise<Answer>
}

interface Waiting {
  organizationId: string
  request: UseRequest
}

/** So many groups may be on their way at once; an organization's uses are always in the same one. */
const lanes = 4
/** Organizations whose entitlements are remembered. */
const most = 10_000

export function createQuotaUses(platform: Platform, origin: Origin): QuotaUses {
  const { db, clock } = platform
  const known = new Map<string, Entitlements | null>()
  const groups = createGroups<Waiting, Answer | Error>((_, waiting) => decideTogether(waiting))

  async function learn(organizationIds: readonly string[]): Promise<void> {
    const missing = organizationIds.filter((id) => !known.has(id))
    if (missing.length === 0) return
    const found = await findEntitlements(db, missing)
    if (known.size + missing.length > most) known.clear()
    for (const id of missing) known.set(id, found.get(id) ?? null)
  }

  /** One statement, which is its own transaction; where it cannot be done like that, as units of work. */
  async function decideTogether(waiting: Waiting[]): Promise<(Answer | Error)[]> {
    const byOrganization = Map.groupBy(waiting, ({ organizationId }) => organizationId)
    try {
      await learn([...byOrganization.keys()])
      const now = clock.now()
      const stamps = new Map<string, string | null>()
      const asks = await Promise.all(
        [...byOrganization].map(async ([id, own]) => {
          const found = known.get(id) ?? null
          stamps.set(id, found?.stamp ?? null)
          const requests = own.map(({ request }) => request)
          return await asksOf(db, id, found && entitledAt(found, now), requests, now)
        }),
      )
      const { results } = await runUses(db, asks.flat(), now, stamps)
      const inTurn = [...byOrganization.values()].flat()
      const answers = new Map(inTurn.map((one, index) => [one, refusing(results[index]!, one.request)]))
      return waiting.map((one) => answers.get(one)!)
    } catch (error) {
      for (const id of byOrganization.keys()) known.delete(id)
      if (!didNothing(error)) throw error
      return await decideApart(waiting, byOrganization)
    }
  }

  async function decideApart(waiting: Waiting[], byOrganization: Map<string, Waiting[]>) {
    const answers = new Map<Waiting, Answer | Error>()
    for (const [id, own] of byOrganization) {
      const requests = own.map(({ request }) => request)
      const done = await platform
        .mutate(origin, (tx) => useQuotas(tx, id, requests))
        .catch((error: Error) => requests.map(() => error))
      for (const [index, one] of own.entries()) answers.set(one, done[index]!)
    }
    return waiting.map((one) => answers.get(one)!)
  }

  return {
    use: async (organizationId, request) => {
      addUp(request.items)
      const answer = await groups.submit(laneOf(organizationId), { organizationId, request })
      if (answer instanceof Error) throw answer
      return answer
    },
  }
}

/** The database refused the statement, for what it holds or for somebody it would have waited for in a circle. */
const didNothing = (error: unknown): boolean => /^(BQ|22|23|40)/.test((error as { code?: string }).code ?? '')

function laneOf(organizationId: string): string {
  let sum = 0
  for (let place = 0; place < organizationId.length; place++) sum += organizationId.charCodeAt(place)
  return String(sum % lanes)
}
