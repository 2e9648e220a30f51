import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { api, ApiError, type CallRecord, type Deployment, type LogEvent } from '@berth/contracts'
import {
  createTestDatabase,
  readSse,
  seededRandom,
  signUp,
  type SseReader,
  type TestDatabase,
} from '@berth/server/platform/testing/index.ts'
import { clientAt, startBerthProcess, type BerthProcess } from '../support/berth-process.ts'
import { eventually } from '../support/eventually.ts'
import { addLocal, probeSource, processesOf, type World } from '../support/runtime-world.ts'

/** How often it is killed; a hundred takes some minutes. */
const kills = Number(process.env['BERTH_KILLS'] ?? 12)
const seed = Number(process.env['BERTH_SEED'] ?? 1)

let database: TestDatabase
let folder: string
let berth: BerthProcess | null = null

beforeAll(async () => {
  database = await createTestDatabase()
  folder = mkdtempSync(path.join(tmpdir(), 'berth-crash-'))
})

afterAll(async () => {
  await berth?.kill()
  await database?.drop()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

/** What was acknowledged, kept outside of what is killed. */
interface Journal {
  /** Workspace → its names: the last one acknowledged and those asked for since. */
  names: Map<string, string[]>
  /** Deployment → whether it is to run, in the same way; `removed` ends it. */
  wishes: Map<string, ('running' | 'stopped' | 'removed')[]>
  releases: string[]
  calls: string[]
  acknowledged: number
}

test(`killed ${kills} times at any moment, it loses nothing, doubles nothing, and leaves nothing behind`, async () => {
  const random = seededRandom(seed)
  const pick = <T>(items: T[]): T | undefined => items[Math.floor(random() * items.length)]
  const start = async () => {
    berth = startBerthProcess({ databaseUrl: database.url, dataDir: path.join(folder, 'data') })
    return await berth.url
  }

  let url = await start()
  const person = await signUp({ url, client: (token) => clientAt(url, token ?? '') })
  const client = () => clientAt(url, person.token)
  const organization = await client().call(api.organizations.create, { body: { name: 'Acme' } })
  const params = { organizationId: organization.id }
  const main = await client().call(api.workspaces.create, {
    params,
    body: { name: 'Main', tier: 'community' },
  })
  const now = {
    ...person,
    get client() {
      return client()
    },
  }
  const world = { person: now, folder, marker: `crash-${path.basename(folder)}` } as unknown as World
  await addLocal(world, 'probe', { source: probeSource })
  await addLocal(world, 'lazy', { mode: 'slow' })

  const journal: Journal = { names: new Map(), wishes: new Map(), releases: [], calls: [], acknowledged: 0 }
  const events: LogEvent[] = []
  const stream = followLog(() => url, person.token, organization.id, events)

  /** Asks for something; true when it was acknowledged. What it may have done without that is noted before. */
  async function acknowledged<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      const answer = await work()
      journal.acknowledged++
      return answer
    } catch (error) {
      if (error instanceof ApiError && error.problem.status >= 500 && error.problem.status !== 503)
        throw error
      return null
    }
  }

  /** One at a time of each thing, so that the order of the answers is the order of the changes. */
  const busy = new Set<string>()
  async function oneAtATime(id: string, work: () => Promise<void>) {
    if (busy.has(id)) return
    busy.add(id)
    await work().finally(() => busy.delete(id))
  }

  const wish = (id: string, wanted: 'running' | 'stopped' | 'removed', work: () => Promise<unknown>) =>
    oneAtATime(id, async () => {
      journal.wishes.get(id)!.push(wanted)
      if (await acknowledged(async () => (await work(), true))) journal.wishes.set(id, [wanted])
    })

  const actions: (() => Promise<void>)[] = [
    async () => {
      const body = { workspaceId: main.id, server: pick(['local/probe', 'local/lazy'])! }
      if (journal.wishes.size >= 6) return
      const made = await acknowledged(() => client().call(api.deployments.launch, { params, body }))
      if (made) journal.wishes.set(made.id, ['running'])
    },
    async () => {
      const id = pick(living())
      if (!id) return
      const what = pick(['start', 'stop', 'restart', 'start'] as const)!
      const input = { params: { ...params, deploymentId: id } }
      await wish(id, what === 'stop' ? 'stopped' : 'running', () =>
        client().call(api.deployments[what], input),
      )
    },
    async () => {
      const id = pick(living())
      if (!id || random() < 0.7) return
      const input = { params: { ...params, deploymentId: id } }
      await wish(id, 'removed', () => client().call(api.deployments.remove, input))
    },
    async () => {
      const name = `w${Math.floor(random() * 1e9)}`
      const made = await acknowledged(() => client().call(api.workspaces.create, { params, body: { name } }))
      if (made) journal.names.set(made.id, [name])
    },
    async () => {
      const id = pick([...journal.names.keys()])
      if (!id) return
      const name = `w${Math.floor(random() * 1e9)}`
      const input = { params: { ...params, workspaceId: id }, body: { name } }
      await oneAtATime(id, async () => {
        journal.names.get(id)!.push(name)
        if (await acknowledged(() => client().call(api.workspaces.update, input)))
          journal.names.set(id, [name])
      })
    },
  ]
  let added = 0
  const add = async () => {
    if (added === 8) return
    const made = await acknowledged(() => addLocal(world, `extra-${++added}`, { mode: 'slow' }))
    if (made) journal.releases.push(made.id)
  }
  const call = async () => {
    const id = pick(living())
    if (!id) return
    const input = { params: { ...params, deploymentId: id }, body: { tool: 'pid', timeoutMs: 10_000 } }
    const answer = await acknowledged(() => client().call(api.deployments.call, input))
    if (answer) journal.calls.push(answer.callId)
  }
  const living = () => [...journal.wishes].filter(([, all]) => !all.includes('removed')).map(([id]) => id)

  let working = true
  const worker = async (act: () => Promise<void>, pauseMs: number) => {
    while (working) {
      await act()
      await sleep(pauseMs)
    }
  }
  const workers = [
    worker(() => pick(actions)!(), 150),
    worker(() => pick(actions)!(), 150),
    worker(call, 150),
    worker(call, 150),
    worker(add, 1000),
  ]

  for (let kill = 1; kill <= kills; kill++) {
    // Some while it works, some while it starts.
    if (random() < 0.75) await Promise.race([berth!.url, sleep(60_000)])
    await sleep(random() * 2500)
    const left = processesOf(world)
    await berth!.kill()
    url = 'http://127.0.0.1:9'
    const next = start().then((at) => (url = at))
    if (kill === kills || random() < 0.3) {
      await next
      const survivors = processesOf(world).filter((pid) => left.includes(pid))
      expect(survivors, `seed ${seed}: left running by kill ${kill}`).toEqual([])
    } else next.catch(() => {})
  }
  await berth!.url
  working = false
  await Promise.all(workers)
  expect(journal.acknowledged).toBeGreaterThan(kills)
  expect(journal.calls.length).toBeGreaterThan(0)

  // Everything that was acknowledged is there, and comes to what was wished.
  for (const [id, names] of journal.names) {
    const { name } = await client().call(api.workspaces.get, { params: { ...params, workspaceId: id } })
    expect(names, `seed ${seed}`).toContain(name)
  }
  for (const [id, wishes] of journal.wishes) {
    let found: Deployment | ApiError | null = null
    await eventually(`seed ${seed}: ${id} is as wished (${wishes.join()})`, async () => {
      await sleep(200)
      found = await client()
        .call(api.deployments.get, { params: { ...params, deploymentId: id } })
        .catch((error: ApiError) => error)
      return wishes.some((wished) => settledAs(found!, wished)) ? true : null
    }).catch((error: Error) => {
      throw new Error(`${error.message}; it is ${JSON.stringify(found)}`, { cause: error })
    })
  }

  // No run is stuck.
  await eventually(`seed ${seed}: every run ends`, async () => {
    await sleep(500)
    const { items } = await client().call(api.runs.list, { params, query: { limit: 100 } })
    return items.every(({ status }) => status !== 'running' && status !== 'pending') ? true : null
  })

  await eventually(
    `seed ${seed}: every release is observed`,
    async () => {
      await sleep(500) // the API counts how often it is asked
      const found = await Promise.all(
        journal.releases.map((releaseId) => client().call(api.catalog.getRelease, { params: { releaseId } })),
      )
      expect(found.filter(({ observation }) => observation === 'failed')).toEqual([])
      return found.every(({ observation }) => observation === 'observed') ? true : null
    },
    120_000,
  )

  // Every acknowledged call has one record.
  await eventually(`seed ${seed}: all call records are there`, async () => {
    await sleep(500)
    const records = await allCalls(client, params)
    const ids = new Set(records.map(({ id }) => id))
    expect(ids.size).toBe(records.length)
    return journal.calls.every((id) => ids.has(id)) ? true : null
  })

  // The log is dense, and the stream told all of it, once each and in order.
  const log = await allEvents(client, params)
  expect(log.map(({ seq }) => seq)).toEqual(log.map((_, place) => place + 1))
  await eventually(`seed ${seed}: the stream has caught up`, async () =>
    (events.at(-1)?.seq ?? 0) >= log.length ? true : null,
  )
  stream.drop()
  const told = events.filter(({ seq }) => seq <= log.length)
  expect(told.map(({ seq, leafHash }) => `${seq} ${leafHash}`)).toEqual(
    log.slice(told[0]!.seq - 1).map(({ seq, leafHash }) => `${seq} ${leafHash}`),
  )
  await expectOneHome()

  await berth!.stop()
  berth = null
  expect(processesOf(world)).toEqual([])
}, 1_800_000)

function settledAs(now: Deployment | ApiError, wished: 'running' | 'stopped' | 'removed'): boolean {
  if (wished === 'removed') return now instanceof ApiError && now.problem.status === 404
  if (now instanceof Error) return false
  // Stopped before anybody had begun to launch it, it was never there.
  const phases = wished === 'stopped' ? ['stopped', 'absent'] : [wished]
  return phases.includes(now.phase) && now.desired === wished
}

/** No process is noted as living but those of the runner that lives. */
async function expectOneHome(): Promise<void> {
  const db = new pg.Client({ connectionString: database.url })
  await db.connect()
  const { rows } = await db.query(`
    select i.id from instances i where i.state <> 'gone' and not exists (
      select 1 from deployments d where d.id = i.deployment_id and d.runner_id = i.runner_id)`)
  await db.end()
  expect(rows).toEqual([])
}

async function allCalls(client: () => ReturnType<typeof clientAt>, params: { organizationId: string }) {
  const all: CallRecord[] = []
  let cursor: string | null | undefined
  do {
    const page = await client().call(api.calls.list, {
      params,
      query: { limit: 100, ...(cursor ? { cursor } : {}) },
    })
    all.push(...page.items)
    cursor = page.nextCursor
  } while (cursor)
  return all
}

/** The whole log, oldest first. */
async function allEvents(client: () => ReturnType<typeof clientAt>, params: { organizationId: string }) {
  const all: LogEvent[] = []
  let cursor: string | null | undefined
  do {
    const page = await client().call(api.audit.list, {
      params,
      query: { limit: 100, ...(cursor ? { cursor } : {}) },
    })
    all.push(...page.items)
    cursor = page.nextCursor
  } while (cursor)
  return all.toReversed()
}

/** Follows the stream from now on, connecting again where it was cut off. */
function followLog(url: () => string, token: string, organizationId: string, into: LogEvent[]) {
  let dropped = false
  let reader: SseReader | null = null
  let lastEventId: string | undefined
  const run = async () => {
    while (!dropped) {
      reader = readSse(
        `${url()}/api/stream?organizationId=${organizationId}`,
        { headers: { authorization: `Bearer ${token}` }, lastEventId },
        ({ event, id, data }) => {
          if (event === 'event') into.push(data as LogEvent)
          if (id) lastEventId = id
        },
      )
      await reader.done
      await sleep(100)
    }
  }
  void run()
  return {
    drop: () => {
      dropped = true
      reader?.drop()
    },
  }
}
