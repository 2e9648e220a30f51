import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { api } from '@berth/contracts'
import { signUp, startTestServer, type TestPerson, type TestServer } from '../platform/testing/index.ts'
import { readOrganization } from '../organizations/service.ts'
import { archiveOf } from './archive.ts'
import { exportedTables, leftOut } from './tables.ts'

let server: TestServer
let owner: TestPerson

beforeAll(async () => {
  server = await startTestServer()
  owner = await signUp(server)
})
afterAll(() => server.close())

const found = (name: string) => owner.client.call(api.organizations.create, { body: { name } })
const exportOf = (organizationId: string, signal?: AbortSignal) =>
  owner.client.send(api.departure.export, { params: { organizationId } }, signal ? { signal } : {})

test('every table that says which organization a row is of is exported, or left out for a reason', async () => {
  const { rows } = await sql<{ name: string }>`
    select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace
      and a.attname = 'organization_id'`.execute(server.berth.platform.db)
  const known = new Set([...exportedTables.flatMap((table) => table.from), ...Object.keys(leftOut)])
  expect(rows.map((row) => row.name).filter((name) => !known.has(name))).toEqual([])
})

describe('the archive', () => {
  /** Fills in call records as the copier leaves them. */
  async function seedCalls(organizationId: string, count: number): Promise<void> {
    await sql`
      insert into calls (id, organization_id, workspace_id, deployment_id, principal_kind, principal_id, method, tool,
        outcome, request_bytes, response_bytes, latency_us, at, batch)
      select 'cal_' || lpad(n::text, 26, '0'), ${organizationId}, 'wsp_x', 'dep_x', 'service', 'stk_x', 'tools/call',
        md5(n::text), 'ok', 100, 200, 300, now() - make_interval(secs => n), 1
      from generate_series(1, ${count}) n`.execute(server.berth.platform.db)
  }

  /** Reads an export to its end; the most memory that was in use on the way, after collecting garbage. */
  async function peakOf(organizationId: string): Promise<{ peak: number; bytes: number }> {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const response = await exportOf(organizationId)
    let [peak, bytes, chunks] = [0, 0, 0]
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      bytes += chunk.length
      if (chunks++ % 8 > 0) continue
      collect()
      const { heapUsed, arrayBuffers } = process.memoryUsage()
      peak = Math.max(peak, heapUsed + arrayBuffers)
    }
    return { peak, bytes }
  }

  test('is given up when nobody reads on, with the connection it held', async () => {
    const { id } = await found('Stalled')
    await seedCalls(id, 20_000)
    const { pool, db } = server.berth.platform
    const held = pool.totalCount - pool.idleCount
    const ended = Promise.withResolvers<void>()
    const broken = Promise.withResolvers<Error>()
    const archive = archiveOf({
      connect: () => pool.connect(),
      organization: await readOrganization(db, id),
      folder: 'stalled',
      exportedBy: owner.userId,
      at: new Date(),
      patienceMs: 200,
      onEnd: ended.resolve,
    })
    archive.on('error', broken.resolve)
    await ended.promise
    await broken.promise
    await expect.poll(() => pool.totalCount - pool.idleCount).toBeLessThanOrEqual(held)
  })

  test('takes no more memory for a hundred thousand call records than for two thousand', async () => {
    const [small, large] = [await found('Small'), await found('Large')]
    await seedCalls(small.id, 2_000)
    await seedCalls(large.id, 100_000)
    await peakOf(small.id)
    const few = await peakOf(small.id)
    const many = await peakOf(large.id)
    expect(many.bytes).toBeGreaterThan(10 * few.bytes)
    expect(many.peak / few.peak).toBeLessThan(1.25)
  })

  test('is broken off when nobody reads on: no connection is held by it', async () => {
    const { id } = await found('Left')
    await seedCalls(id, 50_000)
    const { pool } = server.berth.platform
    const held = async () => {
      const { rows } = await pool.query<{ n: number }>(
        `select count(*) as n from pg_stat_activity where query like '%from export' and state <> 'idle'
         and datname = current_database()`,
      )
      return rows[0]!.n
    }
    const abort = new AbortController()
    const response = await exportOf(id, abort.signal)
    await response.body!.getReader().read()
    abort.abort()
    await expect.poll(held, { timeout: 15_000 }).toBe(0)
    await sleep(50)
    // Those that were broken off no longer count among those that are being made.
    for (let n = 0; n < 5; n++) {
      const again = await exportOf(id)
      await again.body!.cancel()
      await expect.poll(held, { timeout: 15_000 }).toBe(0)
    }
  })

  test('stands in the log before it is made, and is refused to all but owners', async () => {
    const { id } = await found('Told')
    const admin = await signUp(server)
    const body = { email: admin.email, role: 'admin' as const }
    await owner.client.call(api.organizations.addMember, { params: { organizationId: id }, body })
    const refused = admin.client.send(api.departure.export, { params: { organizationId: id } })
    await expect(refused).rejects.toMatchObject({ problem: { code: 'forbidden' } })
    const response = await exportOf(id)
    expect(response.headers.get('content-disposition')).toMatch(/filename="told-\d{4}-\d\d-\d\d\.tar\.gz"/)
    await response.body!.cancel()
    const { items } = await owner.client.call(api.audit.list, {
      params: { organizationId: id },
      query: { type: 'organization.exported' },
    })
    expect(items).toMatchObject([{ actor: { id: owner.userId } }])
  })
})
