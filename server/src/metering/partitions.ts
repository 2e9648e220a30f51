import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'

const dayMs = 24 * 3600_000
/** How many days a call's record is kept. */
export const callRetentionDays = 90
/** Days made ahead of today. */
const ahead = 2

const startOfDay = (time: Date) => new Date(Math.floor(time.getTime() / dayMs) * dayMs)
const nameOf = (day: Date) => `calls_${day.toISOString().slice(0, 10).replaceAll('-', '')}`

/** Makes the partitions of today and the days to come. Calls of other days go to the default partition. */
export async function makePartitions(db: Database, now: Date): Promise<void> {
  const today = startOfDay(now).getTime()
  for (let n = 0; n <= ahead; n++) await makePartition(db, new Date(today + n * dayMs))
}

async function makePartition(db: Database, day: Date): Promise<void> {
  const name = nameOf(day)
  const next = new Date(day.getTime() + dayMs)
  await db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(hashtext('berth:call-partitions'))`.execute(trx)
    const { rows } = await sql<{ exists: boolean; strays: boolean }>`
      select to_regclass(${name}) is not null as exists,
        exists (select from calls_default where at >= ${day} and at < ${next}) as strays`.execute(trx)
    // A day whose calls are in the default partition already stays there.
    if (rows[0]!.exists || rows[0]!.strays) return
    await sql`
      create table ${sql.id(name)} partition of calls
      for values from (${sql.lit(day.toISOString())}) to (${sql.lit(next.toISOString())})`.execute(trx)
  })
}

/** Removes all calls, and their batches, of days that ended before `before`. */
export async function dropCallsBefore(db: Database, before: Date): Promise<void> {
  const limit = startOfDay(before)
  const { rows } = await sql<{ name: string }>`
    select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'calls'::regclass and c.relname ~ '^calls_\\d{8}$' and c.relname < ${nameOf(limit)}
    order by 1`.execute(db)
  for (const { name } of rows) await sql`drop table if exists ${sql.id(name)}`.execute(db)
  await sql`delete from calls_default where at < ${limit}`.execute(db)
  await sql`delete from call_batches where at < ${limit} and sealed_in is not null`.execute(db)
}
