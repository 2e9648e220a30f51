import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { listCgroups } from '../sandbox/cgroup.ts'
import type { OversizedLine } from './lines.ts'
import { isAlive, identify } from './proc.ts'
import {
  hostCapabilities,
  limits,
  openBench,
  silent,
  until,
  withoutCgroups,
  withoutSandbox,
} from './test-support.ts'
import { LaunchRefused, type LaunchSpec } from './types.ts'

vi.setConfig({ testTimeout: 30_000 })

const server = (manner: string, argument = '') => ['node', '/app/server.mjs', manner, argument]
const MIB = 1024 * 1024

describe('messages', () => {
  it('go in and come out as they are, in order, also many at once and large ones', async () => {
    const bench = await openBench()
    const { handle, lines, line } = await bench.launch({ command: server('echo') })
    const sent = Array.from({ length: 2_000 }, (_, n) => `{"n":${n},"text":"é€😀"}`)
    for (const [n, text] of sent.entries()) handle.send(n % 3 === 0 ? Buffer.from(text) : text)
    const large = `{"large":"${'ü'.repeat(2 * MIB)}"}`
    expect(handle.send(large)).toBe(true)
    await line(/^\{"large/)
    expect(lines).toEqual([...sent, large])
    await handle.drained()
    expect(handle.writableLength).toBe(0)
  })

  it('that are none are logged, escaped, and skipped', async () => {
    const bench = await openBench()
    const { handle, lines, line } = await bench.launch({ command: server('garbage') })
    await line(/good":2/)
    expect(lines).toEqual(['{"good":1}', '[{"good":2}]'])
    handle.skip('{"half":', 'not JSON')
    expect(handle.log.tail().map(({ stream, text }) => [stream, text])).toEqual([
      ['stdout', '(not a JSON-RPC message) Server started on stdio'],
      ['stdout', '(not a JSON-RPC message) \\x1b[31mnot a message\\x1b[0m'],
      ['stdout', '(not a JSON-RPC message) \ufffd\ufffd\\x00'],
      ['stdout', '(not a JSON-RPC message) "text"'],
      ['stdout', '(not JSON) {"half":'],
    ])
  })

  it('of 50 MB are dropped with a clear word; the process and the messages after go on', async () => {
    const bench = await openBench()
    const oversized: (OversizedLine & { id: unknown })[] = []
    const { handle, lines, line } = await bench.launch(
      { command: server('big', '50') },
      { onOversized: (message) => oversized.push(message) },
    )
    await line(/after/)
    expect(lines).toEqual(['{"after":true}'])
    expect(oversized).toMatchObject([{ id: 9, bytes: 50 * MIB + 45 }])
    expect(handle.log.tail()[0]).toMatchObject({
      stream: 'note',
      text: `a message of ${50 * MIB + 45} bytes (the answer to request 9) was dropped: the limit is ${16 * MIB}`,
    })
    handle.send('{"still":"there"}')
    await line(/still/)
  })

  it('without an end get the process killed, with a reason', async () => {
    const bench = await openBench({ maxMessageBytes: MIB })
    const { exited } = await bench.launch({ command: server('endless') })
    expect((await exited).reason).toMatch(
      /^wrote a message of more than \d+ bytes without an end and was killed$/,
    )
  })

  it('are refused when the server does not read, before they fill the memory', async () => {
    const bench = await openBench({ maxWaitingBytes: 2 * MIB })
    const { handle, line } = await bench.launch({ command: server('stuffed') })
    await line(/ready/)
    const message = JSON.stringify({ text: 'x'.repeat(100_000) })
    let taken = 0
    while (handle.send(message)) taken += 1
    expect(taken).toBeGreaterThan(10)
    expect(handle.writableLength).toBeLessThanOrEqual(2 * MIB)
    const drained = handle.drained()
    await handle.stop({ graceMs: 0 })
    await drained
    expect(handle.send('{}')).toBe(false)
  })

  it('wait in the pipe while the receiver has paused', async () => {
    const bench = await openBench()
    const { handle, lines, line } = await bench.launch({ command: server('messages', '200000') })
    await line(/"n":0/)
    handle.pause()
    await new Promise((resolve) => setTimeout(resolve, 100))
    const held = lines.length
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(lines.length).toBe(held)
    expect(held).toBeLessThan(200_000)
    handle.resume()
    await line(/"n":199999/)
    expect(lines).toHaveLength(200_000)
  })

  it('whose handler throws disturb nothing', async () => {
    const errors: string[] = []
    const bench = await openBench({ log: { ...silent, error: (_fields, message) => errors.push(message) } })
    const { handle, line } = await bench.launch(
      { command: server('echo') },
      {
        onLine(message) {
          if (message.includes('bad')) throw new Error('cannot')
        },
      },
    )
    handle.send('{"bad":1}')
    handle.send('{"good":1}')
    await line(/good/)
    expect(errors).toEqual(['a message could not be handled'])
  })
})

describe('a flood', () => {
  it.each(['floodOut', 'floodErr'])('(%s) is dropped and counted; the runner stays awake', async (manner) => {
    const bench = await openBench()
    const { handle, line } = await bench.launch({ command: server(manner) })
    await line(/ready/)
    const notes: string[] = []
    handle.log.subscribe(({ stream, text }) => stream === 'note' && notes.push(text))
    await until(() => notes.length > 0, 'the flood is noted')
    expect(notes[0]).toMatch(/^\d+ lines \(\d+ bytes\) dropped/)
    // Read at full speed it would be hundreds of megabytes in that second.
    expect(Number(/\((\d+) bytes\)/.exec(notes[0]!)![1])).toBeLessThan(4 * MIB)
    handle.send('{"still":"there"}')
    await line(/still/)
    await handle.stop({ graceMs: 0 })
    const file = join(bench.root, handle.instanceId, 'log', 'server.log')
    expect(statSync(file).size).toBeLessThanOrEqual(MIB)
  })
})

describe('the end', () => {
  it.each([
    ['exit', '0', { code: 0, signal: null, reason: 'exited with code 0' }],
    ['exit', '7', { code: 7, signal: null, reason: 'exited with code 7' }],
    ['crash', '', { code: null, signal: 'SIGSEGV', reason: 'was killed by SIGSEGV' }],
  ])('of a server that does %s %s is told', async (manner, argument, expected) => {
    for (const capabilities of [await hostCapabilities(), await withoutSandbox()]) {
      const bench = await openBench({ capabilities })
      const { exited } = await bench.launch({ command: server(manner, argument) })
      expect(await exited).toMatchObject({ ...expected, oom: false, stopped: false })
    }
  })

  it('comes once, with the last lines of stderr, and without the secrets in them', async () => {
    const bench = await openBench()
    const ends: unknown[] = []
    const { handle, exited } = await bench.launch(
      { command: server('fail'), redact: ['hunter2-secret'] },
      { onExit: (exit) => ends.push(exit) },
    )
    const exit = await exited
    expect(exit.stderrTail).toHaveLength(20)
    expect(exit.stderrTail.at(-1)).toBe('fatal: the token is [redacted]')
    expect(ends).toEqual([exit])
    expect(bench.executor.running()).toEqual([])
    const file = readFileSync(join(bench.root, handle.instanceId, 'log', 'server.log'), 'utf8')
    expect(file).toContain('line 0')
    expect(file).toContain('note exited with code 1')
    expect(file).not.toContain('hunter2')
  })

  it('is clear when the program is not there', async () => {
    const bench = await openBench()
    const { exited } = await bench.launch({ command: ['/app/absent'] })
    expect(await exited).toMatchObject({ reason: 'could not start: /app/absent: No such file or directory' })
  })
})

describe('stop', () => {
  it('first closes stdin, which is enough for most', async () => {
    const bench = await openBench()
    const { handle, line } = await bench.launch({ command: server('echo') })
    handle.send('{"last":"word"}')
    const exit = await handle.stop({ graceMs: 20_000 })
    expect(exit).toMatchObject({ code: 0, stopped: true, reason: 'stopped' })
    await line(/last/)
  })

  it.each([
    ['sandboxed', hostCapabilities],
    ['not sandboxed', withoutSandbox],
  ])('then sends SIGTERM to the server, %s', async (_how, capabilities) => {
    const bench = await openBench({ capabilities: await capabilities() })
    const { handle, line } = await bench.launch({ command: server('polite', '/data') })
    await line(/ready/)
    expect(await handle.stop({ graceMs: 1_000 })).toMatchObject({ code: 0, stopped: true, reason: 'stopped' })
    expect(existsSync(join(bench.root, handle.instanceId, 'state', 'said-goodbye'))).toBe(true)
  })

  it('then kills what heard neither', async () => {
    const bench = await openBench()
    const { handle, line, lines } = await bench.launch({ command: server('deaf') })
    await line(/ready/)
    const exit = await handle.stop({ graceMs: 400 })
    expect(exit).toMatchObject({ signal: 'SIGKILL', stopped: true, oom: false })
    expect(exit.reason).toBe('stopped: did not end within 0.4 s and was killed')
    expect(lines).toContain('{"heard":"SIGTERM"}')
  })

  it('can be hurried, and asked again afterwards', async () => {
    const bench = await openBench()
    const { handle, line } = await bench.launch({ command: server('deaf') })
    await line(/ready/)
    const patient = handle.stop({ graceMs: 60_000 })
    const identity = identify(handle.pid)!
    expect(await handle.stop({ graceMs: 0 })).toMatchObject({ reason: 'stopped: was killed at once' })
    expect(await patient).toEqual(await handle.stop())
    expect(isAlive(identity)).toBe(false)
  })

  it('of the executor ends everything it runs', async () => {
    const bench = await openBench()
    const launched = await Promise.all([1, 2, 3].map(() => bench.launch({ command: server('deaf') })))
    expect(bench.executor.running()).toHaveLength(3)
    await bench.executor.close({ graceMs: 0 })
    for (const { exited } of launched) expect(await exited).toMatchObject({ stopped: true })
  })
})

describe('what is enforced is said', () => {
  it('with a sandbox', async () => {
    const bench = await openBench()
    const closed = await bench.launch({ command: server('echo') })
    const open = await bench.launch({ command: server('echo'), egressHosts: ['api.example'] })
    expect(closed.handle.enforced).toMatchObject({ sandbox: 'bubblewrap', network: 'closed', seccomp: true })
    expect(open.handle.enforced).toMatchObject({ sandbox: 'bubblewrap', network: 'allow-list' })
  })

  it('without: a server that prefers one runs, with paths of the host and an otherwise empty environment', async () => {
    const bench = await openBench({ capabilities: await withoutSandbox() })
    const { handle, line } = await bench.launch({
      command: server('env', '/data/notes.txt'),
      env: { STORE: '/data/store', OTHER: '/database' },
    })
    const { env, argv, cwd } = JSON.parse(await line(/env/))
    const state = join(bench.root, handle.instanceId, 'state')
    expect(argv).toEqual(['env', join(state, 'notes.txt')])
    expect(cwd).toBe(state)
    expect(env).toMatchObject({ STORE: join(state, 'store'), OTHER: '/database', HOME: state })
    expect(Object.keys(env).sort()).toEqual([
      'BERTH_INSTANCE',
      'HOME',
      'LANG',
      'OTHER',
      'PATH',
      'PWD',
      'STORE',
    ])
    expect(handle.enforced).toMatchObject({ sandbox: 'none', network: 'open', seccomp: false })
    expect(handle.log.tail()[0]!.text).toBe('runs without a sandbox: this host offers none')
  })

  it('without: a server that requires one is refused', async () => {
    const bench = await openBench({ capabilities: await withoutSandbox() })
    const refused = bench.launch({ command: server('echo'), sandbox: 'required' })
    await expect(refused).rejects.toThrow(LaunchRefused)
    await expect(refused).rejects.toMatchObject({
      code: 'sandbox_unavailable',
      message: 'this server may only run in a sandbox, and there is none. bubblewrap is not installed.',
    })
  })

  it('by prlimit where no control group is writable', async () => {
    const bench = await openBench({ capabilities: await withoutCgroups() })
    const { handle, line } = await bench.launch({ command: server('echo') })
    const pids = process.getuid?.() === 0 ? 'none' : 'prlimit'
    expect(handle.enforced).toMatchObject({ memory: 'prlimit', pids, cpu: 'none' })
    handle.send('{"up":1}')
    await line(/up/)
    const usage = handle.usage()
    expect(usage.memoryBytes).toBeGreaterThan(10 * MIB)
    expect(usage.pids).toBeGreaterThanOrEqual(3)
  })
})

it('CPU is bounded, with more of it at the start', async () => {
  const bench = await openBench()
  const capabilities = await hostCapabilities()
  const { handle, line } = await bench.launch({
    command: ['node', '/app/probe.mjs', 'burnCpu', '[1500]'],
    limits: { ...limits, cpus: 0.2, startupCpus: 1, startupSeconds: 0.5 },
  })
  if (handle.enforced.cpu === 'none') return
  const groups = [...listCgroups(capabilities.cgroups, 'berth-')].filter(([name]) =>
    name.endsWith(handle.instanceId),
  )
  const quota = () => groups.flatMap(([, folders]) => folders.flatMap(quotaOf))
  expect(quota()).toContain(100_000)
  await until(() => quota().includes(20_000), 'the start-up is over')
  const used = JSON.parse(await line(/probe/)).params.value as number
  // Half a second of one core, then a fifth of it; unbounded it takes 1,500 ms and more.
  expect(used).toBeLessThan(1_100)
})

function quotaOf(folder: string): number[] {
  const files = ['cpu.cfs_quota_us', 'cpu.max']
    .map((name) => join(folder, name))
    .filter((file) => existsSync(file))
  return files.map((file) => Number.parseInt(readFileSync(file, 'utf8'), 10))
}

it('usage counts what the server uses', async () => {
  const bench = await openBench()
  const { handle, line } = await bench.launch({ command: server('polite') })
  await line(/ready/)
  const usage = handle.usage()
  expect(usage.memoryBytes).toBeGreaterThan(5 * MIB)
  expect(usage.memoryBytes).toBeLessThan(256 * MIB)
  expect(usage.cpuSeconds).toBeGreaterThan(0)
  expect(usage.pids).toBeGreaterThan(2)
})

describe('a launch is refused with the fault', () => {
  it.each<[string, Partial<LaunchSpec>, string]>([
    ['id', { instanceId: '../up' }, 'instanceId'],
    ['command', { command: [] }, 'the command is empty'],
    ['NUL', { command: ['node', 'a\0b'] }, 'NUL'],
    ['variable', { env: { 'A=B': '1' } }, '"A=B" is not a name'],
    ['limit', { limits: { ...limits, memoryMb: Number.NaN } }, 'memoryMb must be a positive number'],
    ['relative path', { logDir: 'log' }, '"log" is not an absolute path'],
    ['target in /proc', { mounts: [{ source: '/tmp', target: '/proc/x' }] }, '"/proc/x" cannot be'],
    ['target above ours', { mounts: [{ source: '/tmp', target: '/usr' }] }, '"/usr" cannot be'],
    ['target that climbs', { mounts: [{ source: '/tmp', target: '/app/../etc' }] }, 'cannot be'],
    [
      'mount',
      { mounts: [{ source: '/nowhere/at/all', target: '/app' }] },
      '/nowhere/at/all, mounted at /app',
    ],
    ['egress', { egressHosts: ['http://x'] }, '"http://x" is not an egress host'],
  ])('in its %s', async (_name, part, sentence) => {
    const bench = await openBench()
    const refused = bench.launch({ command: server('echo'), ...part })
    await expect(refused).rejects.toThrow(LaunchRefused)
    await expect(refused).rejects.toThrow(sentence)
    expect(bench.executor.running()).toEqual([])
  })

  it('or because the instance is running; afterwards it may start again', async () => {
    const bench = await openBench()
    const spec = { instanceId: 'inst_one', command: server('echo') }
    const [first] = await Promise.all([
      bench.launch(spec),
      expect(bench.launch(spec)).rejects.toMatchObject({ code: 'already_running' }),
    ])
    await first.handle.stop()
    const again = await bench.launch(spec)
    again.handle.send('{"again":1}')
    await again.line(/again/)
    await again.handle.stop()
  })
})

it('a log is shared by readers and later launches, and stays readable afterwards', async () => {
  const bench = await openBench()
  const dir = join(bench.root, 'inst_one', 'log')
  const reader = bench.executor.openLog(dir)
  const seen: string[] = []
  reader.subscribe((entry) => seen.push(entry.text))
  for (const code of ['1', '2']) {
    const { exited } = await bench.launch({ instanceId: 'inst_one', command: server('exit', code) })
    await exited
  }
  await until(() => seen.length === 2, 'both ends seen')
  expect(seen).toEqual(['exited with code 1', 'exited with code 2'])
  expect(reader.tail().map((entry) => entry.n)).toEqual([1, 2])
  await reader.close()
  const later = bench.executor.openLog(dir)
  expect(later.tail()).toHaveLength(2)
  await later.close()
})
