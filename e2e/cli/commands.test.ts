import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import type {
  api,
  CallRecord,
  CallStats,
  CatalogServer,
  Decision,
  Deployment,
  EndpointOutput,
  LogEvent,
  Release,
  Run,
  Secret,
  Token,
  WorkspaceSnapshot,
} from '@berth/contracts'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { signUp, startTestServer, type TestServer } from '../../server/src/platform/testing/index.ts'
import { fixtures, signedIn, typed, type List, type Mcpctl } from './support.ts'

// Each step starts a process; a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 })

let server: TestServer
let cli: Mcpctl
let deployment: Deployment
let added: Release

beforeAll(async () => {
  server = await startTestServer()
  cli = await signedIn(server.url, await signUp(server))
  await cli.json('orgs', 'create', 'Acme')
  await cli.json('tiers', 'create', 'lab', '--sandbox', 'preferred', '--allow-local')
  await cli.json('workspaces', 'create', 'Desk', '--tier', 'lab')
})

afterAll(async () => {
  await cli.close()
  await server.close()
})

describe('catalog', () => {
  it('takes a server from a folder, waits for its observation and shows its tools', async () => {
    const args = typed`--json catalog add --local ${fixtures} --name echo --secret GREETING? -- node echo.mjs`
    const result = await cli.run(args)
    expect(result.stderr).toContain('…')
    expect(result).toMatchObject({ code: 0 })
    added = JSON.parse(result.stdout) as Release
    expect(added).toMatchObject({ observation: 'observed', state: 'admitted' })
    expect(added.manifest.secrets).toMatchObject([{ name: 'GREETING', required: false, in: 'env' }])
    const shown = await cli.json<CatalogServer & { releases: Release[] }>('catalog', 'show', added.server)
    expect(shown.releases.map((one) => one.id)).toEqual([added.id])
    expect(await cli.text('catalog', 'show', added.server)).toContain('Returns its message')
    const found = await cli.json<List<CatalogServer>>('catalog', 'list', 'echo')
    expect(found.items.map((one) => one.name)).toContain(added.server)
    expect(await cli.text('catalog', 'list')).toContain('reference/everything')
  })

  it('takes a remote server, and calls it once it is launched', async () => {
    const remote = spawn(process.execPath, [path.join(fixtures, 'remote.mjs')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      const [line] = (await once(remote.stdout, 'data')) as [Buffer]
      const { url } = JSON.parse(line.toString()) as { url: string }
      const release = await cli.json<Release>(
        'catalog',
        'add',
        '--remote',
        url,
        '--name',
        'far',
        '--title',
        'Far',
      )
      expect(release).toMatchObject({ observation: 'observed', artifact: { kind: 'remote', url } })
      await cli.json('deployments', 'launch', release.server, '--name', 'remote')
      expect(await cli.text('deployments', 'call', 'remote', 'echo', 'message=over there')).toBe(
        'over there\n',
      )
      await cli.json('deployments', 'remove', 'remote', '--yes')
    } finally {
      remote.kill('SIGKILL')
    }
  })

  it('says why a server could not be observed', async () => {
    const args = typed`catalog add --local ${fixtures} --name broken -- node misbehaving.mjs exit-at-start`
    const { code, stderr } = await cli.run(args)
    expect(code).toBe(1)
    expect(stderr).toContain('could not be observed')
  })
})

describe('secrets', () => {
  it('go in by stdin, are listed by name, and are removed', async () => {
    const { code, stdout, stderr } = await cli.run(['secrets', 'set', 'KEY', '--json'], {
      stdin: 'hunter2\n',
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({ name: 'KEY', version: 1 })
    expect(stdout).not.toContain('hunter2')
    expect((await cli.json<{ items: Secret[] }>('secrets', 'list')).items.map((one) => one.name)).toEqual([
      'KEY',
    ])
    expect((await cli.run(['secrets', 'set', 'KEY'], { stdin: '' })).code).toBe(2)
    expect((await cli.run(['secrets', 'set', 'KEY', 'hunter2'])).code).toBe(2)
    expect(await cli.json('secrets', 'remove', 'KEY', '--yes')).toEqual({ name: 'KEY', removed: true })
  })
})

describe('deployments', () => {
  it('are launched with progress, until they run', async () => {
    await cli.run(['secrets', 'set', 'GREETING'], { stdin: 'hello' })
    const args = typed`deployments launch ${added.server} --secret GREETING --memory-mb 256 --json`
    const { code, stdout, stderr } = await cli.run(args)
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('…') })
    deployment = JSON.parse(stdout) as Deployment
    expect(deployment).toMatchObject({
      name: 'echo',
      phase: 'running',
      tools: 1,
      secrets: { GREETING: 'GREETING' },
    })
    expect(deployment.limits.memoryMb).toBe(256)
  })

  it('are named by id, by name, or by workspace and name', async () => {
    for (const named of [deployment.id, 'echo', 'desk/echo']) {
      expect((await cli.json<Deployment>('deployments', 'show', named)).id).toBe(deployment.id)
    }
    const text = await cli.text('deployments', 'list')
    expect(text).toMatch(/desk\/echo +● running/)
    expect(
      (await cli.json<List<Deployment>>('deployments', 'list', '--workspace', 'desk')).items,
    ).toHaveLength(1)
    for (const named of ['nothing', 'desk/nothing', 'nowhere/echo']) {
      expect((await cli.run(['deployments', 'show', named])).code, named).toBe(1)
    }
    expect((await cli.run(['deployments', 'show', 'a b'])).code).toBe(2)
  })

  it('list their tools, answer calls and leave records', async () => {
    expect(await cli.text('deployments', 'tools', 'echo')).toContain('Returns its message')
    expect((await cli.json<{ tools: unknown[] }>('deployments', 'tools', 'echo')).tools).toHaveLength(1)
    expect(await cli.text('deployments', 'call', 'echo', 'echo', 'message=12')).toBe('12\n')
    const answer = await cli.json<{ callId: string; result: object }>(
      'deployments',
      'call',
      'echo',
      'echo',
      '--arguments',
      '{"message":"hi"}',
    )
    expect(answer.result).toMatchObject({ content: [{ type: 'text', text: 'hi' }] })
    const inert = await cli.run(['deployments', 'call', 'echo', 'echo', '--arguments', '-'], {
      stdin: JSON.stringify({ message: 'a\u001b[2J' }),
    })
    expect(inert.stdout).toBe('a\\x1b[2J\n')
    await expect
      .poll(
        async () =>
          (await cli.json<List<CallRecord>>('deployments', 'calls', 'echo')).items.map((one) => one.id),
        { timeout: 60_000, interval: 500 },
      )
      .toContain(answer.callId)
    const calls = await cli.json<List<CallRecord>>(
      'deployments',
      'calls',
      '--tool',
      'echo',
      '--outcome',
      'ok',
    )
    expect(calls.items.length).toBeGreaterThanOrEqual(3)
    expect(await cli.text('deployments', 'calls')).toMatch(/tools\/call +echo +✔ ok/)
    expect((await cli.run(['deployments', 'call', 'echo', 'echo', 'message'])).code).toBe(2)
  })

  it('tell their calls over time, and refuse a range that is too fine with its limit', async () => {
    const stats = await cli.json<CallStats>('deployments', 'stats', 'echo', '--last', '2h', '--tool', 'echo')
    expect(stats.total.count).toBeGreaterThanOrEqual(3)
    expect(stats.tools.map(({ tool }) => tool)).toEqual(['echo'])
    expect(await cli.text('deployments', 'stats', 'echo')).toMatch(/TOOL +CALLS +FAILED[^]*all calls/)
    const fine = await cli.run(['deployments', 'stats', 'echo', '--last', '7d', '--step', '60'])
    expect(fine.code).toBe(1)
    expect(fine.stderr).toContain('at most 300')
    expect((await cli.run(['deployments', 'stats', 'echo', '--last', 'soon'])).code).toBe(2)
  })

  it('keep logs, a surface and a configuration', async () => {
    const logs = await cli.json<{ items: unknown[] }>('deployments', 'logs', 'echo', '--tail', '10')
    expect(Array.isArray(logs.items)).toBe(true)
    const surface = await cli.json<{ admittedHash: string; liveHash: string }>(
      'deployments',
      'surface',
      'echo',
    )
    expect(surface.liveHash).toBe(surface.admittedHash)
    expect((await cli.run(['deployments', 'accept-surface', 'echo', 'nonsense'])).code).toBe(2)
    const other = `sha256:${'0'.repeat(64)}`
    expect((await cli.run(['deployments', 'accept-surface', 'echo', other])).code).toBe(1)
    const updated = await cli.json<Deployment>('deployments', 'update', 'echo', '--pids', '64')
    expect(updated.limits).toMatchObject({ pids: 64, memoryMb: 256 })
    expect((await cli.run(['deployments', 'update', 'echo'])).code).toBe(2)
    const refused = await cli.run(['deployments', 'update', 'echo', '--config', 'nonsense=1'])
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('invalid_config')
  })

  it('stop, start and restart, waiting for it', async () => {
    expect((await cli.json<Deployment>('deployments', 'stop', 'echo')).phase).toBe('stopped')
    expect((await cli.run(['deployments', 'call', 'echo', 'echo', 'message=x'])).code).toBe(1)
    const started = await cli.json<Deployment>('deployments', 'start', 'echo')
    expect(started.phase).toBe('running')
    const restarted = await cli.json<Deployment>('deployments', 'restart', 'echo')
    expect(restarted.phase).toBe('running')
    expect(restarted.startedAt).not.toBe(started.startedAt)
  })

  it('that fail are told with their reason, and 1', async () => {
    const args = typed`catalog add --local ${fixtures} --name drifting -- node misbehaving.mjs drift`
    expect((await cli.run(args)).code).toBe(0)
    const drifting = added.server.replace(/echo$/, 'drifting')
    expect((await cli.run(['deployments', 'launch', drifting])).code).toBe(0)
    const said = await cli.run(['deployments', 'call', 'drifting', 'drift', 'description=Other'])
    expect(said.code).toBe(0)
    await expect
      .poll(async () => (await cli.json<Deployment>('deployments', 'show', 'drifting')).hold, {
        timeout: 60_000,
      })
      .not.toBeNull()
    const text = await cli.text('deployments', 'surface', 'drifting')
    expect(text).toMatch(/\+ Other/)
    const { liveHash } = await cli.json<{ liveHash: string }>('deployments', 'surface', 'drifting')
    const started = await cli.run(['deployments', 'start', 'drifting', '--timeout', '20'])
    expect(started.code).toBe(1)
    expect(started.stderr).toMatch(/Next: mcpctl/)
    expect((await cli.json<Deployment>('deployments', 'accept-surface', 'drifting', liveHash)).id).toMatch(
      /^dep_/,
    )
  })
})

describe('tokens', () => {
  it('are created with their secret alone on stdout, listed and revoked', async () => {
    const { code, stdout, stderr } = await cli.run([
      'tokens',
      'create',
      'ci',
      '--tool',
      'echo',
      '--expires-in-days',
      '7',
    ])
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^berth_pat_\S+\n$/) })
    const secret = stdout.trim()
    expect(stderr).not.toContain(secret)
    expect((await cli.run(['whoami'], { env: { BERTH_TOKEN: secret } })).code).toBe(0)
    const [token] = (await cli.json<List<Token>>('tokens', 'list')).items
    expect(token).toMatchObject({
      name: 'ci',
      allowedTools: ['echo'],
      scopes: ['tools:call', 'deployments:read'],
    })
    expect(await cli.json('tokens', 'revoke', 'ci')).toEqual({ id: token!.id, revoked: true })
    expect((await cli.run(['whoami'], { env: { BERTH_TOKEN: secret } })).code).toBe(3)
    expect((await cli.run(['tokens', 'revoke', 'ci'])).code).toBe(1)
  })

  it('of a service belong to --workspace, and may be for one deployment and for ever', async () => {
    const token = await cli.json<Token & { secret: string }>(
      ...typed`tokens create agent --workspace desk --scope tools:call --deployment echo --expires-in-days never`,
    )
    expect(token).toMatchObject({ kind: 'service', allowedDeployments: [deployment.id], expiresAt: null })
    expect(token.secret).toMatch(/^berth_svc_/)
    expect(await cli.text('tokens', 'list', '--workspace', 'desk')).toMatch(
      /agent +\S+ +● active +tools:call/,
    )
    expect(await cli.json('tokens', 'revoke', token.id, '--workspace', 'desk')).toEqual({
      id: token.id,
      revoked: true,
    })
  })
})

describe('what happened', () => {
  it('is in runs, decisions, the lifecycle and the log', async () => {
    const runs = await cli.json<List<Run>>('runs', 'list', '--deployment', 'echo', '--kind', 'launch')
    expect(runs.items.length).toBeGreaterThan(0)
    expect((await cli.json<Run>('runs', 'show', runs.items[0]!.id)).id).toBe(runs.items[0]!.id)
    expect(await cli.text('runs', 'list')).toContain('launch')

    const decisions = await cli.json<List<Decision>>(
      'policy',
      'decisions',
      '--deployment',
      'echo',
      '--allowed',
    )
    const [decision] = decisions.items
    expect(await cli.text('policy', 'explain', decision!.id)).toMatch(/✔ pass/)
    const explained = await cli.json<{ sentences: string[] }>('policy', 'explain', decision!.id)
    expect(explained.sentences.length).toBeGreaterThan(0)
    expect(await cli.json('policy', 'replay', decision!.id)).toMatchObject({ same: true, inputsIntact: true })

    const snapshot = await cli.json<List<WorkspaceSnapshot> & { streamCursor: string }>('lifecycle', 'list')
    expect(snapshot.items.map((one) => one.workspace.key)).toContain('desk')
    expect(snapshot.streamCursor).not.toBe('')
    expect(await cli.text('lifecycle', 'list')).toMatch(/desk +lab +echo +● running/)

    const counts = await cli.json<EndpointOutput<typeof api.lifecycle.counts>>('lifecycle', 'counts')
    expect(counts).toMatchObject({ workspaces: 1, tiers: ['lab'], regions: ['local'] })
    expect(counts.byStatus.running).toBe(
      snapshot.items[0]!.deployments.filter((one) => one.phase === 'running').length,
    )
    expect(await cli.text('lifecycle', 'counts')).toMatch(/^1 workspace, \d+ deployments?\n.*● running/s)
    expect(await cli.json('lifecycle', 'counts', '--search', 'nothing is called this')).toMatchObject({
      workspaces: 0,
      deployments: 0,
    })

    await cli.text('deployments', 'call', 'echo', 'echo', 'message=counted')
    const activity = await cli.json<EndpointOutput<typeof api.lifecycle.activity>>('lifecycle', 'activity')
    const calls = activity.items.find((one) => one.deploymentId === deployment.id)
    expect(calls?.callsLastMinute).toBeGreaterThan(0)
    expect(await cli.text('lifecycle', 'activity')).toContain(deployment.id)

    const events = await cli.json<List<LogEvent>>('audit', 'list', '--type', 'deployment.*', '--all')
    expect(events.items.map((one) => one.type)).toEqual(
      expect.arrayContaining(['deployment.created', 'deployment.stopped']),
    )
    expect(await cli.text('audit', 'list', '--limit', '5')).toContain('SEQ')
    const two = await cli.json<List<LogEvent>>('audit', 'list', '--limit', '2')
    const next = await cli.json<List<LogEvent>>('audit', 'list', '--limit', '2', '--cursor', two.nextCursor!)
    expect(next.items[0]!.seq).toBe(two.items[1]!.seq - 1)
  })
})

describe('the rest', () => {
  it('removes a deployment when it is meant', async () => {
    expect((await cli.run(['deployments', 'remove', 'echo'])).code).toBe(2)
    expect(await cli.json('deployments', 'remove', 'echo', '--yes')).toEqual({
      id: deployment.id,
      removed: true,
    })
    expect((await cli.run(['deployments', 'show', 'echo'])).code).toBe(1)
  })

  it('completes what is typed, in bash', async () => {
    const file = path.join(cli.home, 'completion')
    writeFileSync(file, await cli.text('completion', 'bash'))
    const line = `source ${file}; COMP_WORDS=(mcpctl audit t); COMP_CWORD=2; _mcpctl; echo "\${COMPREPLY[@]}"`
    expect(spawnSync('bash', ['-c', line], { encoding: 'utf8' }).stdout).toBe('tail\n')
    expect(await cli.text('completion', 'zsh')).toContain('#compdef mcpctl')
    expect(await cli.text('completion', 'fish')).toContain('complete -c mcpctl')
  })
})
