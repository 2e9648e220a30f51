/** Writing a backup's rows into the tables they came from, in one transaction. */
import type pg from 'pg'
import { copyIn, type CopyIn } from './copy.ts'
import { identifier, tablesOf } from './database.ts'
import { BackupError, type Closing, type Manifest, type TableManifest } from './manifest.ts'

export interface WaitingJob {
  name: string
  data: unknown
  singletonKey: string | null
  startAfter: string | null
}

export interface Loading {
  /** Rows of one table, in COPY's text. */
  rows(table: string, content: AsyncIterable<Buffer>): Promise<void>
  jobs(content: AsyncIterable<Buffer>): Promise<void>
  /** Puts everything in force that was lifted, checks it all, and commits. Returns the events that verified. */
  close(closing: Closing): Promise<{ events: number; waiting: WaitingJob[] }>
}

/**
 * Empties the migrated tables (migrations bring rows of their own) and lifts triggers and foreign keys, so that rows can
 * come in any order and cause nothing. All of it is one transaction: nobody sees a half.
 */
export async function openLoading(client: pg.Client, manifest: Manifest): Promise<Loading> {
  await client.query('begin')
  const tables = new Map(manifest.tables.map((table) => [table.name, table]))
  await demandSameTables(client, manifest)
  const foreignKeys = await liftForeignKeys(client)
  for (const { name } of manifest.tables) {
    await client.query(`alter table public.${identifier(name)} disable trigger user`)
    await client.query(`delete from public.${identifier(name)}`)
  }
  for (const table of manifest.tables) await makePartitions(client, table)
  await client.query('create temporary table waiting_jobs (job jsonb) on commit drop')

  let open: { target: string; copy: CopyIn } | null = null
  const feed = async (target: string, content: AsyncIterable<Buffer>) => {
    if (open?.target !== target) {
      await open?.copy.end()
      open = { target, copy: await copyIn(client, `copy ${target} from stdin`) }
    }
    for await (const part of content) await open.copy.write(part)
  }

  return {
    rows: async (name, content) => {
      const table = tables.get(name)
      if (!table) throw new BackupError(`The backup has rows of "${name}", which it does not list.`)
      await feed(`public.${identifier(name)} (${table.columns.map(identifier).join(', ')})`, content)
    },
    jobs: (content) => feed('waiting_jobs', content),
    close: async (closing) => {
      await open?.copy.end()
      for (const { name } of manifest.tables)
        await client.query(`alter table public.${identifier(name)} enable trigger user`)
      for (const { table, name, definition } of foreignKeys)
        await client.query(`alter table ${table} add constraint ${identifier(name)} ${definition}`)
      await continueSequences(client, closing)
      await renewTransactionIds(client)
      await compareCounts(client, manifest, closing)
      const events = await verifyLog(client)
      const { rows } = await client.query<{ job: WaitingJob }>('select job from waiting_jobs')
      await client.query('commit')
      return { events, waiting: rows.map(({ job }) => job) }
    },
  }
}

/** The same migrations make the same tables; anything else is no backup of a Berth of that schema. */
async function demandSameTables(client: pg.Client, manifest: Manifest): Promise<void> {
  const shape = (tables: readonly TableManifest[]) =>
    tables
      .filter(({ name }) => name !== 'berth_restoring')
      .map(({ name, columns }) => `${name}(${columns.join()})`)
      .sort()
  const [made, listed] = [shape(await tablesOf(client)), shape(manifest.tables)]
  const difference = made.find((one) => !listed.includes(one)) ?? listed.find((one) => !made.includes(one))
  if (difference)
    throw new BackupError(
      `The backup's tables are not those of schema ${manifest.schema}: ${difference.slice(0, 200)}. It is not of a released Berth.`,
    )
}

async function liftForeignKeys(client: pg.Client) {
  const { rows } = await client.query<{ table: string; name: string; definition: string }>(`
    select conrelid::regclass::text as table, conname as name, pg_get_constraintdef(oid) as definition
    from pg_constraint
    where contype = 'f' and connamespace = 'public'::regnamespace and conparentid = 0
    order by 1, 2`)
  for (const { table, name } of rows)
    await client.query(`alter table ${table} drop constraint ${identifier(name)}`)
  return rows
}

async function makePartitions(client: pg.Client, { name, partitions }: TableManifest): Promise<void> {
  for (const partition of partitions) {
    const { rows } = await client.query<{ found: boolean }>(`select to_regclass($1) is not null as found`, [
      `public.${identifier(partition.name)}`,
    ])
    if (rows[0]!.found) continue
    if (!/^(DEFAULT|FOR VALUES [\w\s'(),:.+-]+)$/.test(partition.bounds))
      throw new BackupError(`The backup has a partition without readable bounds: ${partition.name}.`)
    await client.query(
      `create table public.${identifier(partition.name)} partition of public.${identifier(name)} ${partition.bounds}`,
    )
  }
}

async function continueSequences(client: pg.Client, { sequences }: Closing): Promise<void> {
  for (const { name, last } of sequences) {
    const quoted = `public.${identifier(name)}`
    if (last !== null) await client.query('select setval($1::regclass, $2)', [quoted, last])
  }
}

/**
 * A new cluster counts transactions from the start. A head that kept the number of its old one would seem to have moved
 * in the future, and be read again and again until the numbers have caught up: all were moved by this transaction.
 */
async function renewTransactionIds(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ table: string; column: string }>(`
    select attrelid::regclass::text as table, attname as column
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and a.atttypid = 'xid8'::regtype and not a.attisdropped and a.attnum > 0`)
  for (const { table, column } of rows)
    await client.query(`update ${table} set ${identifier(column)} = pg_current_xact_id()`)
}

async function compareCounts(client: pg.Client, manifest: Manifest, closing: Closing): Promise<void> {
  for (const { name } of manifest.tables) {
    const { rows } = await client.query<{ count: string }>(
      `select count(*) as count from public.${identifier(name)}`,
    )
    const [found, expected] = [Number(rows[0]!.count), closing.rows[name] ?? 0]
    if (found !== expected)
      throw new BackupError(
        `"${name}" came back with ${found} rows instead of ${expected}. Use another backup.`,
      )
  }
}

/** Every log is dense up to its head, and every leaf has its hash. Returns the number of events. */
async function verifyLog(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ organization: string }>(`
    select h.organization_id as organization
    from log_heads h left join events e on e.organization_id = h.organization_id
    group by h.organization_id
    having count(e.seq) <> h.seq - h.retained_from + 1
      or count(e.seq) filter (where e.leaf_hash <> sha256('\\x00'::bytea || e.leaf)) > 0
    limit 1`)
  if (rows[0])
    throw new BackupError(
      `The log of ${rows[0].organization} does not verify in this backup. Use another backup.`,
    )
  const events = await client.query<{ count: string }>('select count(*) as count from events')
  return Number(events.rows[0]!.count)
}
