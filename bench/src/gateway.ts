/** Governed tool calls through the gateway, against peers, a bare relay and the floor, in turns. */
import { createServiceToken, createTenant, launchEcho, startShipped, type Shipped } from './lib/berth.ts'
import { Load, type Window } from './lib/load.ts'
import { startBare, startMcpProxy, startSupergateway } from './lib/peers.ts'
import { isPostgres, usageOf, type Usage } from './lib/processes.ts'
import { echoCommand, until } from './lib/programs.ts'
import type { Target } from './lib/http-worker.ts'
import type { Finding, Report, Table } from './lib/report.ts'
import { median, round } from './lib/statistics.ts'

const sessionCounts = [1, 16, 64]
const rounds = 3
const windowMs = 1500

interface Contender extends Target {
  name: string
  pid: number
}

/** One window of one contender: what was called, and what it cost. */
interface Turn extends Window {
  sessions: number
  round: number
  cpuMs: number
  /** Of that: the process that speaks HTTP, and PostgreSQL. The rest is the echo server. */
  frontMs: number
  postgresMs: number
  rssMb: number
  processes: number
}

const names = {
  berth: 'Berth',
  proxy: 'mcp-proxy',
  super: 'supergateway --stateful',
  relay: 'bare relay',
  floor: 'floor',
}

export async function gateway(): Promise<Report> {
  const shipped = await startShipped()
  const peers = await Promise.all([
    startMcpProxy(),
    startSupergateway(),
    startBare('relay'),
    startBare('floor'),
  ])
  try {
    const tenant = await createTenant(shipped)
    const deployment = await launchEcho(tenant, 'principal')
    const { secret } = await createServiceToken(tenant, 'bench')
    const berth = { name: names.berth, pid: shipped.program.pid, url: deployment.mcpUrl, token: secret }
    const contenders: Contender[] = [berth, ...peers.map((peer) => ({ ...peer, pid: peer.program.pid }))]

    let called = 0
    const turns = new Map<string, Turn[]>(contenders.map((one) => [one.name, []]))
    const stdio: Window[] = []
    for (const sessions of [0, ...sessionCounts]) {
      // The first pass warms everything up and does not count, but for the records.
      const taken = await takeTurns(contenders, sessions || 16, sessions === 0 ? 1 : rounds)
      for (const turn of taken) {
        if (turn.name === names.berth) called += turn.calls
        if (sessions > 0) turns.get(turn.name)!.push(turn)
      }
    }
    const raw = await Load.open({ command: echoCommand }, 1)
    const direct = await Load.open(berth, 1)
    for (let turn = 0; turn < 2 * rounds; turn++) {
      stdio.push(await raw.run(windowMs / 2))
      const window = await direct.run(windowMs / 2)
      called += window.calls
      turns.get(names.berth)!.push({ ...window, ...nothing, sessions: 0, round: turn })
    }
    await Promise.all([raw.close(), direct.close()])
    const records = await countRecords(shipped, deployment.id, called)
    return reportOf(turns, stdio, { called, records })
  } finally {
    await Promise.all([shipped.stop(), ...peers.map((peer) => peer.program.stop())])
  }
}

const nothing = { cpuMs: 0, frontMs: 0, postgresMs: 0, rssMb: 0, processes: 0 }

/** Every contender in turn, with its sessions open all the time. */
async function takeTurns(contenders: Contender[], sessions: number, times: number) {
  const loads: Load[] = []
  for (const contender of contenders) loads.push(await Load.open(contender, sessions))
  const turns: (Turn & { name: string })[] = []
  for (let at = 0; at < times; at++) {
    for (const [index, contender] of contenders.entries()) {
      const before = usage(contender.pid)
      const window = await loads[index]!.run(windowMs)
      const after = usage(contender.pid)
      console.log(`  ${contender.name}, ${sessions} sessions: ${round(window.perSecond)} calls/s`)
      if (window.wrong.calls > 0)
        throw new Error(`${contender.name} gave ${window.wrong.calls} wrong answers`)
      turns.push({
        name: contender.name,
        ...window,
        sessions,
        round: at,
        cpuMs: (after.all.cpuMs - before.all.cpuMs) / window.calls,
        frontMs: (after.front.cpuMs - before.front.cpuMs) / window.calls,
        postgresMs: (after.postgres.cpuMs - before.postgres.cpuMs) / window.calls,
        rssMb: after.own.rssMb,
        processes: after.own.processes,
      })
    }
  }
  for (const load of loads) await load.close()
  return turns
}

function usage(pid: number): Record<'all' | 'own' | 'front' | 'postgres', Usage> {
  return {
    all: usageOf(pid),
    own: usageOf(pid, (one) => !isPostgres(one)),
    front: usageOf(pid, (one) => one.pid === pid),
    postgres: usageOf(pid, isPostgres),
  }
}

/** How many different calls the database has once it has all, or after waiting long enough. */
async function countRecords(shipped: Shipped, deploymentId: string, expected: number): Promise<number> {
  const count = async () => {
    const { rows } = await shipped.sql.query<{ count: string }>(
      `select count(distinct id) as count from calls where deployment_id = $1 and method = 'tools/call' and outcome = 'ok'`,
      [deploymentId],
    )
    return Number(rows[0]!.count)
  }
  await until('all calls are recorded', async () => (await count()) >= expected, 30_000, 500).catch(() => {})
  return await count()
}

function reportOf(
  turns: Map<string, Turn[]>,
  stdio: Window[],
  { called, records }: { called: number; records: number },
): Report {
  const of = (name: string, sessions: number) => turns.get(name)!.filter((turn) => turn.sessions === sessions)
  /** Median over the rounds of Berth's value by the other's in the same round. */
  const against = (name: string, sessions: number, value: (turn: Turn) => number) =>
    median(of(names.berth, sessions).map((turn, at) => value(turn) / value(of(name, sessions)[at]!)))
  const middle = (name: string, sessions: number, value: (turn: Turn) => number) =>
    median(of(name, sessions).map(value))

  const findings: Finding[] = [16, 64].flatMap((sessions) => [
    ...[names.proxy, names.super].map((peer) => {
      const ratio = against(peer, sessions, (turn) => turn.perSecond)
      return {
        what: `calls/s against ${peer}, ${sessions} sessions`,
        target: '≥ 5×',
        figure: `${round(middle(names.berth, sessions, (turn) => turn.perSecond))}/s`,
        ratio: `${round(ratio)}×`,
        met: ratio >= 5,
      }
    }),
    relayFinding(
      'calls/s',
      sessions,
      '≥ 0.7×',
      against(names.relay, sessions, (turn) => turn.perSecond),
      (ratio) => ratio >= 0.7,
    ),
    relayFinding(
      'CPU a call',
      sessions,
      '≤ 1.5×',
      against(names.relay, sessions, (turn) => turn.cpuMs),
      (ratio) => ratio <= 1.5,
    ),
  ])
  const rawP50 = median(stdio.map((window) => window.p50))
  const ownP50 = middle(names.berth, 0, (turn) => turn.p50)
  findings.push(
    {
      what: 'p50 added to the raw stdio round trip, one session',
      target: '≤ 0.3 ms',
      figure: `${round(ownP50 - rawP50)} ms`,
      ratio: `${round(ownP50)} ms against ${round(rawP50)} ms`,
      met: ownP50 - rawP50 <= 0.3,
    },
    {
      what: 'call records in the database',
      target: `${called.toLocaleString('en')} calls made`,
      figure: records.toLocaleString('en'),
      met: records === called,
    },
  )
  return {
    title: 'Gateway: tools/call of an echo server',
    about: [
      'All stand before the same stdio echo server. Berth recognises the service token, asks whether the deployment may be called, passes the call on and writes a record of it to its journal and to PostgreSQL; the bare relay only passes messages and ids; the floor answers over HTTP with no server behind it.',
      `Sessions call one after the other, each on a socket of its own. Windows of ${windowMs / 1000} s, ${rounds} rounds in turns with all sessions open; the table shows medians, the ratios are medians of the ratios within a round.`,
      'CPU is user and system time of the whole process tree over the window, divided by the calls: for Berth with PostgreSQL, its sandbox and the echo server, for the others with their echo servers. RSS is the sum over the same processes without PostgreSQL.',
    ],
    findings,
    tables: sessionCounts.map((sessions) => tableOf(sessions, (name) => of(name, sessions))),
  }

  function relayFinding(
    what: string,
    sessions: number,
    target: string,
    ratio: number,
    meets: (ratio: number) => boolean,
  ): Finding {
    const value = what === 'calls/s' ? (turn: Turn) => turn.perSecond : (turn: Turn) => turn.cpuMs
    return {
      what: `${what} against the bare relay, ${sessions} sessions`,
      target,
      figure: `${round(middle(names.berth, sessions, value))}${what === 'calls/s' ? '/s' : ' ms'}`,
      ratio: `${round(ratio)}×`,
      met: meets(ratio),
    }
  }
}

function tableOf(sessions: number, of: (name: string) => Turn[]): Table {
  const columns = [
    '',
    'calls/s',
    'p50 ms',
    'p99 ms',
    'CPU ms/call',
    'gateway',
    'PostgreSQL',
    'echo server',
    'RSS MB',
    'processes',
  ]
  const row = (name: string) => {
    const turns = of(name)
    const middle = (value: (turn: Turn) => number) => round(median(turns.map(value)))
    return [
      name,
      middle((turn) => turn.perSecond),
      middle((turn) => turn.p50),
      middle((turn) => turn.p99),
      middle((turn) => turn.cpuMs),
      middle((turn) => turn.frontMs),
      middle((turn) => turn.postgresMs),
      middle((turn) => turn.cpuMs - turn.frontMs - turn.postgresMs),
      middle((turn) => turn.rssMb),
      middle((turn) => turn.processes),
    ]
  }
  return {
    title: `${sessions} ${sessions === 1 ? 'session' : 'sessions'}`,
    columns,
    rows: Object.values(names).map(row),
  }
}
