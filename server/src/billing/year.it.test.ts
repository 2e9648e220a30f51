/** A year of two hundred organizations, once by one process and once by several that are killed again and again. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, expect, test } from 'vitest'
import { newId } from '../platform/ids.ts'
import { openTestDatabase, seededRandom } from '../platform/testing/index.ts'
import { findDifferences } from './quotas/ledger.ts'
import type { Act } from './testing/year/acts.ts'
import { countDue, startProcesses, type Hit, type Processes } from './testing/year/processes.ts'
import { faultsOf, keptOf } from './testing/year/rows.ts'
import { publishPlans, scriptsOf, type Script } from './testing/year/script.ts'

const organizations = Number(process.env['BERTH_ORGANIZATIONS'] ?? 200)
const kills = Number(process.env['BERTH_KILLS'] ?? 52)
const seed = Number(process.env['BERTH_SEED'] ?? 1)
/** How many organizations do something at once. */
const atOnce = 12

/** What happens to somebody within the year: what did not happen cannot differ. */
const everything = new Set(
  [
    'started',
    'changed',
    'scheduled',
    'unscheduled',
    'renewed',
    'trial_ending',
    'trial_ended',
    'past_due',
    'grace_warning',
    'suspended',
    'resumed',
    'cancel_scheduled',
    'cancel_withdrawn',
    'canceled',
    'fell_back',
  ]
    .map((step) => `subscription.${step}`)
    .concat('invoice.opened', 'invoice.paid', 'invoice.voided', 'invoice.written_off')
    .concat('quota.consumed', 'quota.held', 'quota.confirmed', 'quota.released', 'quota.expired')
    .concat('quota.exhausted', 'quota.overage_began'),
)

type World = Awaited<ReturnType<typeof openTestDatabase>>
const worlds: World[] = []
const folders: string[] = []
const started: Processes[] = []
afterAll(async () => {
  await Promise.all(started.map((processes) => processes.close()))
  await Promise.all(worlds.map((world) => world.close()))
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })))
})

/** Lives through the year; `during` is told of every moment as it begins, and is waited for. */
async function live(
  scripts: Script[],
  during: (processes: Processes, moment: number) => Promise<void>,
): Promise<{ world: World; ids: string[] }> {
  const world = await openTestDatabase()
  worlds.push(world)
  const { db } = world
  const folder = await mkdtemp(path.join(tmpdir(), 'berth-year-'))
  folders.push(folder)
  await publishPlans(db)
  const ownerId = newId('user')
  const at = new Date()
  const person = { id: ownerId, name: 'Owner', email: 'owner@example.com', emailVerified: false }
  await db
    .insertInto('users')
    .values({ ...person, createdAt: at, updatedAt: at })
    .execute()
  const processes = startProcesses({ databaseUrl: world.url, dataDir: folder, db })
  started.push(processes)
  processes.keep(1)

  const ids: string[] = []
  const ask = (place: number, key: string, act: Act) =>
    processes.ask({ id: ids[place] ?? '', key: `${place}-${key}`, act })
  await forAll(scripts, async ({ timeZone, born }, place) => {
    const act: Act = { do: 'found', name: `Organization ${place}`, timeZone, now: born, ownerId }
    ids[place] = ((await ask(place, 'found', act)) as { organizationId: string }).organizationId
  })
  const moments = scripts[0]!.moments.length
  for (let moment = 0; moment < moments; moment++) {
    const doAll = (what: 'acts' | 'usage') =>
      forAll(scripts, async (script, place) => {
        const { at: to, [what]: acts } = script.moments[moment]!
        if (script.advances && what === 'acts') await ask(place, `${moment}-advance`, { do: 'advance', to })
        for (const [index, act] of acts.entries()) await ask(place, `${moment}-${what}-${index}`, act)
      })
    const lived = async () => {
      await moveClocks(world, ids, scripts, moment)
      await doAll('acts')
      await settled(world)
      await doAll('usage')
      await settled(world)
    }
    await Promise.all([lived(), during(processes, moment)])
  }
  await processes.close()
  return { world, ids }
}

async function forAll(scripts: Script[], work: (script: Script, place: number) => Promise<void>) {
  const left = scripts.entries()
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const [place, script] of left) await work(script, place)
    }),
  )
}

/** It just is later for those who do not move their clocks themselves. */
async function moveClocks({ db }: World, ids: string[], scripts: Script[], moment: number): Promise<void> {
  const later = scripts.flatMap(({ advances, moments }, place) =>
    advances ? [] : [{ id: ids[place]!, at: moments[moment]!.at }],
  )
  await sql`
    update test_clocks c set now = g.at
    from unnest(${later.map(({ id }) => id)}::text[], ${later.map(({ at }) => at)}::timestamptz[]) as g (id, at)
    where c.organization_id = g.id`.execute(db)
}

const settled = async ({ db }: World) => {
  while ((await countDue(db)) > 0) await sleep(40)
}

test(`killed ${kills} times, two and three processes make of a year of ${organizations} organizations what one makes of it that is left alone`, async () => {
  const scripts = scriptsOf(seed, organizations)
  const moments = scripts[0]!.moments.length
  const random = seededRandom(seed)
  const hits: Hit[] = []
  const [one, several] = await Promise.all([
    live(scripts, async () => {}),
    live(scripts, async (processes, moment) => {
      processes.keep(moment < moments / 2 ? 2 : 3)
      const until = Math.ceil((kills * (moment + 1)) / moments)
      while (hits.length < until) {
        await sleep(random() * 300)
        hits.push(await processes.kill(random()))
      }
    }),
  ])
  const inside = hits.filter((hit) => hit.inside).length
  const outstanding = hits.filter((hit) => hit.outstanding).length
  process.stdout.write(
    `seed ${seed}: ${hits.length} kills, ${outstanding} while work was outstanding, ${inside} within a unit of work\n`,
  )
  expect(hits.length).toBeGreaterThanOrEqual(kills)
  expect(outstanding, `seed ${seed}: kills that hit work`).toBeGreaterThan(kills / 2)
  expect(inside, `seed ${seed}: kills that hit a unit of work`).toBeGreaterThan(kills / 10)

  const [left, right] = [await keptOf(one.world.db, one.ids), await keptOf(several.world.db, several.ids)]
  for (const [place, kept] of left.entries())
    expect(right[place], `seed ${seed}: organization ${place}`).toEqual(kept)
  for (const { world } of [one, several]) {
    expect(await faultsOf(world.db), `seed ${seed}`).toEqual([])
    expect(await findDifferences(world.db)).toEqual([])
  }
  const happened = new Set(left.flatMap(({ events }) => events.map(({ type }) => type)))
  expect(happened).toEqual(everything)
}, 1_800_000)
