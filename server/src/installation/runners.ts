import { sql } from 'kysely'
import type { Runner } from '@berth/contracts'
import type { Queryable } from '../platform/db/database.ts'

interface RunnerRow extends Omit<Runner, 'startedAt' | 'lastBeatAt'> {
  startedAt: Date
  lastBeatAt: Date
}

/** Long enough to see who fell silent, short enough that those replaced at an update are gone soon. */
const silentFor = '1 hour'

/**
 * The processes of the installation, the living first; those that fell silent are shown for an hour, and those that
 * were stopped not at all.
 */
export async function listRunners(db: Queryable): Promise<Runner[]> {
  const { rows } = await sql<RunnerRow>`
    select r.id, r.host, r.address, r.roles, r.version, r.started_at, r.beat_at as last_beat_at, r.capabilities,
      case when r.alive_until > now() then 'alive' else 'silent' end as state,
      coalesce(d.count, 0) as deployments, coalesce(i.count, 0) as instances
    from runners r
    left join (select runner_id, count(*) from deployments where runner_id is not null and deleted_at is null
               group by runner_id) d on d.runner_id = r.id
    left join (select runner_id, count(*) from instances where state <> 'gone'
               group by runner_id) i on i.runner_id = r.id
    where r.alive_until > now() - ${silentFor}::interval and r.alive_until > r.beat_at
    order by r.alive_until > now() desc, r.started_at, r.id`.execute(db)
  return rows.map((row) => ({
    ...row,
    startedAt: row.startedAt.toISOString(),
    lastBeatAt: row.lastBeatAt.toISOString(),
  }))
}
