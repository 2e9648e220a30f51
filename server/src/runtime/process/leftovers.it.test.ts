/** A runner that is killed leaves nothing running once its successor has started. */
import { spawn, type ChildProcess } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { listCgroups } from '../sandbox/cgroup.ts'
import { createExecutor } from './executor.ts'
import type { ProcessRecord } from './leftovers.ts'
import { identify, isAlive, signal, withEnvironment } from './proc.ts'
import {
  fixtures,
  hostCapabilities,
  openBench,
  silent,
  until,
  withoutCgroups,
  withoutSandbox,
} from './test-support.ts'

vi.setConfig({ testTimeout: 30_000 })

let root: string
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'berth-left-'))))
afterEach(() => {
  for (const pid of survivors()) signal(pid, 'SIGKILL')
  rmSync(root, { recursive: true, force: true })
})

/** Everything that the runner's server started, the server included, wherever it has gone. */
const survivors = () => withEnvironment('BERTH_TEST_ROOT', root)

const recordFile = () => join(root, 'runner', 'processes', 'inst_left.json')

async function startRunner(sandbox: string, cgroups: string): Promise<ChildProcess> {
  const runner = spawn(process.execPath, [join(fixtures, 'runner.ts'), root, sandbox, cgroups], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: runner.stdout })) if (line.includes('"ready"')) break
  return runner
}

async function killRunner(runner: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => runner.once('exit', resolve))
  runner.kill('SIGKILL')
  await gone
}

const successor = async () =>
  createExecutor({ stateRoot: join(root, 'runner'), capabilities: await hostCapabilities(), log: silent })

const groupsNow = async () =>
  [...listCgroups((await hostCapabilities()).cgroups, 'berth-').keys()].filter((name) =>
    name.endsWith('inst_left'),
  )

/** Groups that an earlier, killed test run left on this machine are not of this one. */
let groupsBefore: string[] = []
beforeEach(async () => {
  groupsBefore = await groupsNow()
})

const groupsLeft = async () => (await groupsNow()).filter((name) => !groupsBefore.includes(name))

describe.each([
  ['sandboxed', 'cgroups'],
  ['sandboxed', 'no cgroups'],
  ['plain', 'cgroups'],
  ['plain', 'no cgroups'],
])('after kill -9 of a runner with a %s server and %s', (sandbox, cgroups) => {
  it('its successor ends the server, its daemon, the control group and the record', async () => {
    const runner = await startRunner(sandbox, cgroups)
    expect(survivors().length).toBeGreaterThanOrEqual(2)
    await killRunner(runner)
    // The server itself may see the end of its stdin and leave; its daemon stays.
    if (sandbox === 'plain') expect(survivors().length).toBeGreaterThanOrEqual(1)
    const found = await (await successor()).reapLeftovers()
    expect(found.map((leftover) => leftover.instanceId)).toEqual(['inst_left'])
    await until(() => survivors().length === 0, 'everything gone')
    expect(await groupsLeft()).toEqual([])
    expect(existsSync(recordFile())).toBe(false)
  })
})

describe('a successor', () => {
  it('leaves alone what a living runner owns', async () => {
    const runner = await startRunner('plain', 'cgroups')
    expect(await (await successor()).reapLeftovers()).toEqual([])
    expect(survivors().length).toBeGreaterThanOrEqual(2)
    await killRunner(runner)
    await (await successor()).reapLeftovers()
    await until(() => survivors().length === 0, 'everything gone')
  })

  it('never kills a stranger that was given the pid since', async () => {
    const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
      detached: true,
      stdio: 'ignore',
    })
    const now = identify(stranger.pid!)!
    const record: ProcessRecord = {
      instanceId: 'inst_left',
      owner: { pid: 1, startTime: -1, bootId: 'another boot' },
      leader: { ...now, startTime: now.startTime - 1 },
      cgroups: [],
      mark: null,
    }
    mkdirSync(join(root, 'runner', 'processes'), { recursive: true })
    writeFileSync(recordFile(), JSON.stringify(record))
    expect(await (await successor()).reapLeftovers()).toEqual([
      { instanceId: 'inst_left', wasRunning: false },
    ])
    expect(isAlive(now)).toBe(true)
    stranger.kill('SIGKILL')
  })

  it('reads past a record that is damaged', async () => {
    const executor = await successor()
    writeFileSync(recordFile(), '{"instanceId":')
    expect(await executor.reapLeftovers()).toEqual([])
  })
})

it.each([
  ['with a sandbox', hostCapabilities],
  ['without', withoutSandbox],
  [
    'with neither sandbox nor control groups',
    async () => ({ ...(await withoutSandbox()), ...(await withoutCgroups()), bubblewrap: null }),
  ],
])('a stop leaves no process, record or control group, %s', async (_how, capabilities) => {
  const bench = await openBench({ capabilities: await capabilities() })
  const { handle, line } = await bench.launch({
    instanceId: 'inst_left',
    command: ['node', '/app/server.mjs', 'daemon'],
    env: { BERTH_TEST_ROOT: root },
  })
  await line(/ready/)
  expect(survivors().length).toBeGreaterThanOrEqual(2)
  await handle.stop({ graceMs: 2_000 })
  expect(survivors()).toEqual([])
  expect(readdirSync(join(bench.root, 'runner', 'processes'))).toEqual([])
  expect(await groupsLeft()).toEqual([])
  expect(handle.usage()).toEqual({ memoryBytes: 0, cpuSeconds: 0, pids: 0 })
})

it.each(['sandboxed', 'plain'])(
  'a %s server gets no descriptor that whoever started the runner left open',
  async (sandbox) => {
    const secret = join(root, 'secret.txt')
    writeFileSync(secret, 'x')
    const leak = openSync(secret, 'r')
    const descriptorsSeenBy = async (args: string[]) => {
      const stdio: ('ignore' | 'pipe' | 'inherit')[] = ['ignore', 'pipe', 'inherit']
      // Node itself closes only the low numbers.
      while (stdio.length < 40) stdio.push('ignore')
      const child = spawn(process.execPath, args, { stdio: [...stdio, leak] })
      for await (const line of createInterface({ input: child.stdout! })) {
        if (line.includes('"probe"')) return JSON.parse(line).params.value as string[]
      }
      throw new Error('no answer')
    }
    const probe = [join(fixtures, 'probe.mjs'), 'descriptors']
    const starter = `require('child_process').spawnSync(process.execPath, ${JSON.stringify(probe)}, { stdio: 'inherit' })`
    expect(await descriptorsSeenBy(['-e', starter])).toContain(secret)
    const command = JSON.stringify(['node', '/app/probe.mjs', 'descriptors'])
    expect(
      await descriptorsSeenBy([join(fixtures, 'runner.ts'), root, sandbox, 'cgroups', command]),
    ).not.toContain(secret)
    closeSync(leak)
  },
)
