import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newId } from '../ids.ts'
import { sha256 } from '../crypto.ts'
import { openTestPlatform, seedOrganization, type TestPlatform } from '../testing/index.ts'
import { canonical, commitment } from './leaf.ts'
import { readEvents } from './read.ts'

let platform: TestPlatform
beforeAll(async () => {
  platform = await openTestPlatform()
})
afterAll(() => platform.close())

const organizations = (count: number) =>
  Promise.all(Array.from({ length: count }, () => seedOrganization(platform.db)))

const seqsOf = async (id: string) => (await readEvents(platform.db, id, 0)).map((event) => event.seq)
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1)

describe('the log', () => {
  test('gives dense numbers however many write to however many organizations, and never deadlocks', async () => {
    const ids = await organizations(6)
    const before = await deadlocks()
    const emitted = new Map(ids.map((id) => [id, 0]))
    await Promise.all(
      Array.from({ length: 15 }, async (_, writer) => {
        for (let n = 0; n < 20; n++) {
          const some = ids.toSorted(() => Math.random() - 0.5).slice(0, 1 + ((n + writer) % 4))
          await platform.change(async (tx) => {
            for (const id of some) tx.emit(id, 'workspace.archived', { workspaceId: newId('workspace') })
          })
          for (const id of some) emitted.set(id, emitted.get(id)! + 1)
        }
      }),
    )
    for (const id of ids) expect(await seqsOf(id)).toEqual(upTo(emitted.get(id)!))
    expect(await deadlocks()).toBe(before)
  })

  test('holds nothing of a change that failed', async () => {
    const [id] = await organizations(1)
    const failing = platform.change(async (tx) => {
      tx.emit(id!, 'workspace.archived', { workspaceId: newId('workspace') })
      await tx.db.updateTable('organizations').set({ name: 'changed' }).where('id', '=', id!).execute()
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await seqsOf(id!)).toEqual([])
    const { name } = await platform.db
      .selectFrom('organizations')
      .select('name')
      .where('id', '=', id!)
      .executeTakeFirstOrThrow()
    expect(name).not.toBe('changed')
  })

  test('refuses an organization that has none', async () => {
    const nobody = newId('organization')
    const change = platform.change(async (tx) =>
      tx.emit(nobody, 'workspace.archived', { workspaceId: newId('workspace') }),
    )
    await expect(change).rejects.toThrow(`no log for ${nobody}`)
  })

  test('does a change again that was in a deadlock, with its events once', async () => {
    const [a, b] = (await organizations(2)) as [string, string]
    const meet = Promise.withResolvers<void>()
    let waiting = 0
    let attempts = 0
    const crossed = (first: string, second: string) =>
      platform.change(async (tx) => {
        attempts++
        await tx.db.updateTable('organizations').set({ name: first }).where('id', '=', first).execute()
        if (++waiting === 2) meet.resolve()
        await meet.promise
        await tx.db.updateTable('organizations').set({ name: first }).where('id', '=', second).execute()
        tx.emit(first, 'workspace.archived', { workspaceId: newId('workspace') })
      })
    await Promise.all([crossed(a, b), crossed(b, a)])
    expect(attempts).toBe(3)
    expect([await seqsOf(a), await seqsOf(b)]).toEqual([[1], [1]])
  })
})

describe('what is stored of an event', () => {
  const create = async (name: string) => {
    const [id] = await organizations(1)
    await platform.change(async (tx) =>
      tx.emit(id!, 'organization.created', { name, slug: 'acme', timeZone: 'UTC' }),
    )
    return id!
  }
  const rowOf = (id: string) =>
    platform.db.selectFrom('events').selectAll().where('organizationId', '=', id).executeTakeFirstOrThrow()
  const openingsOf = (id: string) =>
    platform.db.selectFrom('eventOpenings').selectAll().where('organizationId', '=', id).execute()

  test('verifies: the hash is of the leaf, the leaf of the payload, and the openings of its commitments', async () => {
    const id = await create('Grüße 😀')
    const row = await rowOf(id)
    expect(sha256(Buffer.concat([Buffer.of(0), row.leaf])).equals(row.leafHash)).toBe(true)
    const leaf = JSON.parse(row.leaf.toString()) as Record<string, unknown>
    expect(canonical(leaf)).toBe(row.leaf.toString())
    expect(leaf).toMatchObject({
      organization: id,
      seq: 1,
      type: 'organization.created',
      at: row.at.toISOString(),
    })
    expect(leaf['payload']).toEqual(row.payload)
    for (const { field, value, salt } of await openingsOf(id)) {
      expect((row.payload as Record<string, unknown>)[field]).toEqual(commitment({ value, salt }))
    }
  })

  test('still verifies when its personal text was erased, and the text is gone', async () => {
    const id = await create('Jane Doe')
    const before = await rowOf(id)
    await platform.db.deleteFrom('eventOpenings').where('organizationId', '=', id).execute()
    expect(await rowOf(id)).toEqual(before)
    const [event] = await readEvents(platform.db, id, 0)
    expect(event!.payload['name']).toEqual({ commitment: expect.stringMatching(/^sha256:/) })
    expect(JSON.stringify([before.payload, before.leaf.toString()])).not.toContain('Jane')
  })

  test.each(['NUL \u0000', 'half a pair \ud83d', 'the other half \ude00'])(
    'may hold any text: %j',
    async (name) => {
      const id = await create(name)
      const [event] = await readEvents(platform.db, id, 0)
      expect(event!.payload['name']).toBe(`${name.slice(0, -1)}\ufffd`)
      for (const { value, salt } of await openingsOf(id)) {
        expect(JSON.stringify((await rowOf(id)).payload)).toContain(commitment({ value, salt }).commitment)
      }
    },
  )
})

async function deadlocks(): Promise<number> {
  const row = await platform.pool.query(
    'select deadlocks from pg_stat_database where datname = current_database()',
  )
  return row.rows[0].deadlocks as number
}
