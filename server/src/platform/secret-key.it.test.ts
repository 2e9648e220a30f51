import { afterAll, beforeAll, expect, test } from 'vitest'
import { sealedColumns } from '../app.ts'
import { openTestPlatform, type TestPlatform } from './testing/index.ts'

/** Bytes that hide nothing, or that nobody can turn back: hashes, digests, salts, and what is sealed by a data key. */
const notSealed = [
  'account_links.hash',
  'billing_webhooks.body', // as the payment provider sent it, signed
  'call_batches.digest',
  'event_openings.salt',
  'events.leaf',
  'events.leaf_hash',
  'idempotency_keys.request_hash',
  'invitations.hash',
  'quota_requests.request_hash',
  'recovery_codes.hash',
  'secrets.sealed', // with its organization's data key, which is in the list
  'tokens.hash',
]

let platform: TestPlatform
beforeAll(async () => {
  platform = await openTestPlatform()
})
afterAll(() => platform.close())

test('every column of bytes is known to be sealed with the secret key, or not to be', async () => {
  const { rows } = await platform.pool.query<{ name: string }>(`
    select c.relname || '.' || a.attname as name
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and a.atttypid = 'bytea'::regtype and a.attnum > 0 and not a.attisdropped`)
  const sealed = sealedColumns.map(({ table, column }) => `${table}.${column}`)
  // A new one: does a change of the key have to seal it anew? Then it belongs in app.ts, else in the list above.
  expect(rows.map(({ name }) => name).sort()).toEqual([...sealed, ...notSealed].sort())
})

test('every sealed column names its primary key, and what gives it up is a statement the database takes', async () => {
  for (const { table, id, forget } of sealedColumns) {
    const { rows } = await platform.pool.query<{ column: string }>(
      `select a.attname as column from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
       where i.indrelid = $1::regclass and i.indisprimary order by 1`,
      [table],
    )
    expect([...id].sort()).toEqual(rows.map(({ column }) => column))
    await platform.pool.query(`explain ${forget}`)
  }
})
