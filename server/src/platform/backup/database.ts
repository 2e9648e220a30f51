/** The database in a backup: every table of ours by COPY, from one snapshot, whatever the schema is. */
import type pg from 'pg'
import type { ArchiveWriter } from './archive.ts'
import { copyOut } from './copy.ts'
import type { Closing, TableManifest } from './manifest.ts'

export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`
const listed = (names: readonly string[]) => names.map(identifier).join(', ')

/** Where jobs wait that somebody still has to do; the queue's own tables are its own affair. */
export const jobsEntry = 'jobs'

/** The schema the database is at; 0: nothing of Berth is in it. */
export async function schemaOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ found: boolean }>(
    `select to_regclass('public.schema_migrations') is not null as found`,
  )
  if (!rows[0]!.found) return 0
  const newest = await client.query<{ version: number | null }>(
    'select max(version) as version from schema_migrations',
  )
  return newest.rows[0]!.version ?? 0
}

/** Every table with what is needed to write its rows back. */
export async function tablesOf(client: pg.Client): Promise<TableManifest[]> {
  const { rows } = await client.query<TableManifest>(`
    select c.relname as name,
      array(select a.attname::text from pg_attribute a
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
            order by a.attnum) as columns,
      coalesce((select jsonb_agg(jsonb_build_object('name', p.relname,
                                                    'bounds', pg_get_expr(p.relpartbound, p.oid)) order by p.relname)
                from pg_inherits i join pg_class p on p.oid = i.inhrelid where i.inhparent = c.oid), '[]') as partitions
    from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and c.relname <> 'schema_migrations'
    order by c.relname`)
  return rows
}

/** The sequences behind identity columns. They stand outside of any snapshot: ask after it, and none has given less. */
export async function sequencesOf(client: pg.Client): Promise<Closing['sequences']> {
  const { rows } = await client.query<{ name: string; last: string | null }>(
    `select sequencename as name, last_value as last from pg_sequences where schemaname = 'public' order by 1`,
  )
  return rows.map(({ name, last }) => ({ name, last: last === null ? null : Number(last) }))
}

/** Begins what all that follows on this connection is read from. */
export async function openSnapshot(client: pg.Client): Promise<void> {
  await client.query('begin isolation level repeatable read, read only')
  await client.query('select 1') // the snapshot is of the first query
}

/** Writes the rows of all tables and the waiting jobs. Returns how many rows each table has. */
export async function dumpTables(
  client: pg.Client,
  archive: ArchiveWriter,
  tables: readonly TableManifest[],
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { name, columns } of tables) {
    const query = `select ${listed(columns)} from public.${identifier(name)}`
    counts[name] = await dump(client, archive, `database/${name}`, query)
  }
  const { rows } = await client.query<{ found: boolean }>(
    `select to_regclass('pgboss.job') is not null as found`,
  )
  if (rows[0]!.found) await dump(client, archive, jobsEntry, waitingJobs)
  return counts
}

const waitingJobs = `
  select jsonb_build_object('name', name, 'data', data, 'singletonKey', singleton_key, 'startAfter', start_after)
  from pgboss.job
  where state in ('created', 'retry', 'active') and name not like '%.dead' and name not like '\\_\\_%'`

/** One entry a part, since an entry says its size first. Returns the number of rows: each ends with a line feed. */
async function dump(client: pg.Client, archive: ArchiveWriter, name: string, query: string): Promise<number> {
  let rows = 0
  let part = 0
  for await (const bytes of copyOut(client, `copy (${query}) to stdout`)) {
    for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) rows++
    await archive.add({ name: `${name}/${String(part++).padStart(9, '0')}` }, bytes)
  }
  return rows
}
