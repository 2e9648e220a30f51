/** What an organization's plan grants it now. */
import { sql } from 'kysely'
import type { Grant } from '@berth/contracts'
import { standingOf, type Standing } from '../access.ts'
import type { Anchor, Span } from '../time/periods.ts'
import { windowOf, type Reset } from '../time/windows.ts'
import type { Queryable } from '../../platform/db/database.ts'

export interface Entitled {
  standing: Standing
  grants: Grant[]
  /** What the windows of metered keys are counted from. */
  anchor: Anchor
  /** How many people the subscription was taken for, where it is paid by the seat. */
  seats: number | null
  /** The organization's time. */
  now: Date
  /** It has a test clock, which moves only when somebody moves it. */
  clockStands: boolean
  /** The windows that were found of it. */
  windows: Map<Reset, Span>
}

interface Row {
  state: string
  graceEndsAt: Date | null
  fallback: string | null
  grants: Grant[]
  per: 'organization' | 'seat'
  seats: number | null
  anchor: Date
  timeZone: string
  interval: Anchor['interval']
  testNow: Date | null
}

/** `wall`: the time for organizations without a test clock. Null: there is no live subscription. */
export async function findEntitled(
  db: Queryable,
  organizationId: string,
  wall: Date,
): Promise<Entitled | null> {
  const { rows } = await sql<Row>`
    select s.state, s.grace_ends_at, v.fallback, v.grants, v.per, s.seats, s.anchor, s.time_zone, v.interval,
      c.now as test_now
    from subscriptions s
    join plan_versions v on v.id = s.plan_version_id
    left join test_clocks c on c.organization_id = s.organization_id
    where s.organization_id = ${organizationId} and s.state not in ('incomplete', 'canceled')`.execute(db)
  const row = rows[0]
  if (!row) return null
  const { state, graceEndsAt, fallback, grants, per, seats, anchor, timeZone, interval, testNow } = row
  const now = testNow ?? wall
  const graceOver = graceEndsAt !== null && graceEndsAt <= now
  return {
    standing: standingOf({ state, graceOver, fallsBack: fallback !== null }),
    grants,
    anchor: { anchor, timeZone, interval },
    seats: per === 'seat' ? seats : null,
    now,
    clockStands: testNow !== null,
    windows: new Map(),
  }
}

/** The window it is now. */
export function windowIn({ anchor, now, windows }: Entitled, reset: Reset): Span {
  const known = windows.get(reset)
  if (known && known.start <= now && now < known.end) return known
  const window = windowOf(anchor, reset, now)
  windows.set(reset, window)
  return window
}

/** The limit of a key; undefined: not granted. Seats that are paid for one by one are no more than were taken. */
export function limitOf(
  { grants, seats }: Pick<Entitled, 'grants' | 'seats'>,
  key: string,
): number | null | undefined {
  const grant = grants.find((one) => one.key === key)
  if (!grant || key !== 'seats' || seats === null) return grant?.limit
  return Math.min(grant.limit ?? seats, seats)
}
