import { statfs } from 'node:fs/promises'
import path from 'node:path'
import { sql } from 'kysely'
import {
  capabilityFinding,
  databaseFinding,
  feedFinding,
  roomFinding,
  type Finding,
  type HealthFact,
  type HealthPart,
  type HealthState,
  type InstallationHealth,
  type Runner,
} from '@berth/contracts'
import { callBacklog } from '../metering/service.ts'
import type { Platform } from '../platform/platform.ts'
import { version } from '../platform/version.ts'
import { listRunners } from './runners.ts'

/** Calls are copied four times a second; more than this behind, somebody does not keep up. */
const mostBacklogBytes = 8 * 1024 * 1024
/** A worker takes what is due within two seconds. */
const mostWaitSeconds = 120
/** Of the connections that PostgreSQL gives out. */
const mostConnections = 0.9

type Check = (platform: Platform) => Promise<HealthPart | HealthPart[]>

const checks: Record<string, Check> = {
  database: checkDatabase,
  feed: checkFeed,
  jobs: checkJobs,
  calls: checkCalls,
  runners: checkRunners,
  disk: checkDisk,
  mail: checkMail,
}

/** How each part does, as this process sees it. A check that fails is its part's fault. */
export async function readHealth(
  platform: Platform,
  started: { at: Date; publicUrl: string },
): Promise<InstallationHealth> {
  const found = await Promise.all(
    Object.entries(checks).map(([part, check]) =>
      check(platform).catch((error: Error) => partOf(part, failed(error))),
    ),
  )
  const parts = found.flat()
  return {
    state: worst(parts),
    version,
    schemaVersion: platform.schemaVersion,
    publicUrl: started.publicUrl,
    startedAt: started.at.toISOString(),
    checkedAt: platform.clock.now().toISOString(),
    parts,
  }
}

const order: readonly HealthState[] = ['ok', 'degraded', 'down']
const worst = (parts: HealthPart[]): HealthState =>
  order[Math.max(0, ...parts.map(({ state }) => order.indexOf(state)))]!

const partOf = (part: string, finding: Finding, facts: HealthFact[] = []): HealthPart => ({
  part,
  ...finding,
  facts,
})

const ok = (sentence: string): Finding => ({ state: 'ok', sentence, remedy: null })
const degraded = (sentence: string, remedy: string): Finding => ({ state: 'degraded', sentence, remedy })
const failed = (error: Error): Finding => ({
  state: 'down',
  sentence: `It could not be looked at: ${error.message}.`,
  remedy: 'Read the log of this server.',
})

const count = (name: string, value: number): HealthFact => ({ name, value, unit: null })
const bytes = (name: string, value: number): HealthFact => ({ name, value, unit: 'bytes' })
const seconds = (name: string, value: number): HealthFact => ({ name, value, unit: 'seconds' })
const word = (name: string, value: string): HealthFact => ({ name, value, unit: null })

async function checkDatabase({ db, config, schemaVersion }: Platform): Promise<HealthPart> {
  const { rows } = await sql<{ size: number; server: string; schema: number; used: number; most: number }>`
    select pg_database_size(current_database()) as size, current_setting('server_version') as server,
      (select max(version) from schema_migrations) as schema,
      (select count(*) from pg_stat_activity) as used, current_setting('max_connections')::int as most`.execute(
    db,
  )
  const { size, server, schema, used, most } = rows[0]!
  return partOf('database', judge(), [
    word('PostgreSQL', `${config.databaseUrl ? 'your own' : 'embedded'}, ${server.split(' ')[0]}`),
    bytes('size', size),
    count('schema', schema),
    word('connections', `${used} of ${most}`),
  ])

  function judge(): Finding {
    if (schema !== schemaVersion)
      return degraded(
        `The database is at schema ${schema}; this process knows ${schemaVersion}.`,
        'Restart the processes that are older than the newest one.',
      )
    if (used > most * mostConnections)
      return degraded(
        `${used} of the database's ${most} connections are taken.`,
        'Raise max_connections, or end what else holds connections.',
      )
    return databaseFinding(true)
  }
}

async function checkFeed({ db, feed }: Platform): Promise<HealthPart> {
  const { rows: heads } = await sql<{ id: string; seq: number }>`
    select organization_id as id, seq from log_heads order by changed desc limit 1000`.execute(db)
  const { rows: people } = await sql<{ waiting: number }>`
    select count(*) as waiting from identity_outbox`.execute(db)
  const behind = heads.reduce((sum, { id, seq }) => sum + Math.max(0, seq - feed.position(id)), 0)
  return partOf('feed', feedFinding(feed.isFresh()), [
    count('events not seen yet', behind),
    count('sign-in events waiting for the log', people[0]!.waiting),
  ])
}

async function checkJobs({ jobs }: Platform): Promise<HealthPart> {
  const queues = await jobs.depths()
  const sum = (field: 'waiting' | 'active' | 'dead') =>
    queues.reduce((total, queue) => total + queue[field], 0)
  const oldest = Math.max(0, ...queues.map(({ oldestSeconds }) => oldestSeconds))
  return partOf('jobs', judge(), [
    count('queues', queues.length),
    count('waiting', sum('waiting')),
    count('under way', sum('active')),
    count('given up in a day', sum('dead')),
    seconds('oldest waiting', oldest),
  ])

  function judge(): Finding {
    const dead = queues.filter((queue) => queue.dead > 0).map((queue) => `${queue.dead} of ${queue.name}`)
    if (oldest > mostWaitSeconds)
      return degraded('Jobs wait for a worker.', 'Start a process with the role worker, or another one.')
    if (dead.length > 0)
      return degraded(
        `Jobs were given up after their last try within a day: ${dead.join(', ')}.`,
        'The log says why (“a job failed”). Mend that, then ask again for what did not happen.',
      )
    return ok('Jobs are done as they come.')
  }
}

async function checkCalls({ db, config }: Platform): Promise<HealthPart> {
  const backlog = await callBacklog(db, path.join(config.dataDir, 'calls'))
  const finding =
    backlog.bytes > mostBacklogBytes
      ? degraded(
          'Calls are recorded faster than they reach the database; none is lost.',
          'Look at the load of PostgreSQL and at the log (“calls.copy”).',
        )
      : ok('Calls reach the database as they are made.')
  return partOf('calls', finding, [
    bytes('not copied yet', backlog.bytes),
    count('journals here', backlog.files),
    count('batches not in a log yet', backlog.batches),
  ])
}

async function checkRunners({ db }: Platform): Promise<HealthPart[]> {
  const runners = await listRunners(db)
  const alive = runners.filter(({ state }) => state === 'alive')
  const running = alive.filter(({ roles }) => roles.includes('runner'))
  const { rows } = await sql<{ homeless: number }>`
    select count(*) as homeless from deployments d join workspaces w on w.id = d.workspace_id
    join organizations o on o.id = d.organization_id
    where d.desired = 'running' and d.deleted_at is null and w.state = 'active' and o.state = 'active'
      and d.phase <> 'failed'
      and not exists (select 1 from runners r where r.id = d.runner_id and r.alive_until > now())`.execute(db)
  const { homeless } = rows[0]!
  const facts = [
    count('alive', alive.length),
    count('silent in the last hour', runners.length - alive.length),
    count('that run servers', running.length),
    count('deployments without a home', homeless),
  ]
  return [partOf('runners', judge(), facts), ...capabilitiesOf(running)]

  function judge(): Finding {
    if (running.length === 0)
      return { state: 'down', sentence: 'No runner is alive.', remedy: 'Restart Berth and read its log.' }
    if (homeless > 0)
      return degraded(
        `${homeless} ${homeless === 1 ? 'deployment has' : 'deployments have'} no runner at the moment.`,
        'One is found within seconds; if not, the log of the runners says why.',
      )
    return ok(running.length === 1 ? 'The runner is alive.' : `All ${running.length} runners are alive.`)
  }
}

/** What the machines can enforce, each only once where all of them say the same. */
function capabilitiesOf(runners: Runner[]): HealthPart[] {
  const said = new Map<string, HealthPart>()
  for (const { host, capabilities } of runners) {
    for (const capability of capabilities) {
      const finding = capabilityFinding(capability)
      const sentence =
        new Set(runners.map((one) => one.host)).size > 1 ? `${host}: ${finding.sentence}` : finding.sentence
      said.set(`${capability.name} ${sentence}`, partOf(capability.name, { ...finding, sentence }))
    }
  }
  return [...said.values()]
}

async function checkDisk({ config }: Platform): Promise<HealthPart> {
  const { bavail, blocks, bsize } = await statfs(config.dataDir)
  return partOf('disk', roomFinding(config.dataDir, bavail * bsize), [
    bytes('free', bavail * bsize),
    bytes('in all', blocks * bsize),
  ])
}

async function checkMail({ config, db }: Platform): Promise<HealthPart> {
  const { rows } = await sql<{ waiting: number; failed: number }>`
    select count(*) filter (where state = 'queued') as waiting,
      count(*) filter (where state = 'failed' and created_at > now() - interval '1 day') as failed
    from mails`.execute(db)
  const { waiting, failed: lost } = rows[0]!
  return partOf('mail', judge(), [count('waiting', waiting), count('failed in a day', lost)])

  function judge(): Finding {
    if (!config.mail)
      return ok(
        'No mail server is set: what would be mailed stands in the outbox, for an operator to hand on.',
      )
    if (lost > 0)
      return degraded('E-mail could not be sent.', 'The outbox says why; mend that, and send it from there.')
    return ok(`E-mail is sent by ${new URL(config.mail.url).hostname}.`)
  }
}
