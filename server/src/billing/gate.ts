import { sql } from 'kysely'
import type { Moment } from '@berth/contracts'
import { known, type Finding, type Gate } from '../platform/gate.ts'
import type { Tx } from '../platform/mutate.ts'
import { noAccess, standingOf, type SubscriptionFacts } from './access.ts'
import { serversKey, takesPlace, waitsForPlace } from './servers.ts'

export interface BillingFacts {
  subscription: SubscriptionFacts
  servers: {
    granted: boolean
    /** How many may be up at once; null: as many as you like. */
    limit: number | null
    /** Other deployments that are up: they run, stop, or may be launched. */
    others: number
    /** Of those, the older ones. */
    older: number
    /** It has its place: it runs, or ran until now. Decisions of earlier versions do not say. */
    stands?: boolean
    /** Older ones that wait for nothing but a place. */
    waiting?: number
    /** An operator lets what runs over the limit go on for now. */
    excused: boolean
  }
}

const key = serversKey
const nothing = { launch: 'hold', relaunch: 'hold', running: 'hold', call: 'hold' } as const

/** Whether the organization's plan allows it. */
export const billingGate: Gate<BillingFacts> = {
  name: 'billing',
  version: 2,
  rules: {
    subscription: {
      title: 'The state of the subscription',
      notYet: nothing,
      graceMs: 0,
      pending: 'pending-billing',
    },
    servers: {
      title: 'How many servers the plan lets run',
      notYet: nothing,
      graceMs: 0,
      pending: 'pending-billing',
    },
  },
  // What is up is counted only where there is a limit: most plans' calls do not pay for it.
  facts: () => sql`(
    select jsonb_build_object(
      'subscription', ${known(sql`jsonb_build_object(
        'state', s.state, 'graceOver', coalesce(s.grace_ends_at <= t.now, false), 'fallsBack', v.fallback is not null)`)},
      'servers', ${known(sql`jsonb_build_object(
        'granted', g.item is not null, 'limit', g.item -> 'limit',
        'others', coalesce(up.others, 0), 'older', coalesce(up.older, 0),
        'stands', d.running_generation is not null, 'waiting', coalesce(up.waiting, 0),
        'excused', coalesce(s.over_limit_until > t.now, false))`)})
    from (select coalesce(
        (select now from test_clocks where organization_id = d.organization_id), now()) as now) t
    left join subscriptions s on s.organization_id = d.organization_id
      and s.state not in ('incomplete', 'canceled')
    left join plan_versions v on v.id = s.plan_version_id
    left join lateral (
      select item from jsonb_array_elements(v.grants) as item where item ->> 'key' = ${key}) g on true
    left join lateral (
      select count(*) filter (where x.taking) as others, count(*) filter (where x.taking and x.id < d.id) as older,
        count(*) filter (where not x.taking and x.waiting and x.id < d.id) as waiting
      from (
        select x.id, coalesce(${takesPlace}, false) as taking, ${waitsForPlace} as waiting from deployments x
        where g.item ->> 'limit' is not null and x.organization_id = d.organization_id and x.id <> d.id
      ) x) up on true)`,
  decide: ({ subscription, servers }, moment) => {
    const objection = subscription && subscriptionFindings(subscription)
    // Who has no access has no limit either.
    if (objection?.some(({ verdict }) => verdict !== 'pass')) return objection
    return [...(objection ?? []), ...(servers ? serverFindings(servers, moment) : [])]
  },
}

/**
 * Launches of one organization take turns to be decided, until the transaction ends: no two of them take the last place.
 */
export async function takeTurns(tx: Tx, organizationId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`launch ${organizationId}`}, 0))`.execute(tx.db)
}

function subscriptionFindings(facts: SubscriptionFacts): Finding[] {
  const standing = standingOf(facts)
  if (standing === 'access') return []
  if (standing === 'grace') {
    return [
      {
        verdict: 'pass',
        note: 'billing:past-due-grace',
        sentence: 'An invoice is overdue; what runs goes on for now.',
        next: 'Pay the invoice before the time of grace ends.',
      },
    ]
  }
  return [{ verdict: 'hold', ...noAccess[standing], pending: 'pending-billing' }]
}

function serverFindings(servers: BillingFacts['servers'], moment: Moment): Finding[] {
  const { granted, limit, others, older, excused, stands = false, waiting = 0 } = servers
  if (!granted) {
    return [
      {
        verdict: 'hold',
        note: `billing:entitlement-missing:${key}`,
        sentence: 'The plan does not say how many servers may run at once, so none may.',
        next: 'It launches by itself once the plan allows it. Change the plan.',
        pending: 'pending-billing',
      },
    ]
  }
  if (limit === null || moment === 'call') return []
  // The newest give way: who has a place keeps it unless older ones take them all, in whatever order they come to be
  // decided. Who has none comes after all who have one, and after the older ones who wait.
  const keeps = moment === 'running' || stands
  if ((keeps ? older : others + waiting) < limit || (excused && moment !== 'launch')) return []
  const up = keeps ? others + 1 : others + waiting
  const taken = `${others} ${others === 1 ? 'does' : 'do'}${waiting > 0 ? `; ${waiting} older ${waiting === 1 ? 'one waits' : 'ones wait'} for a place` : ''}`
  return [
    {
      verdict: 'hold',
      note: `billing:quota:${key}:${up}/${limit}`,
      sentence: `The plan lets ${countOf(limit)} run at once, and ${keeps ? `${up} do; the newest stop first` : taken}.`,
      next: 'It launches by itself once there is room: stop another one, or change the plan.',
      pending: 'pending-billing',
    },
  ]
}

const countOf = (count: number): string => (count === 1 ? 'one server' : `${count} servers`)
