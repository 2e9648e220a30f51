import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { LogEvent, LogLine, Organization, Workspace } from '@berth/contracts'
import { signUp, startTestServer, type TestServer } from '../../server/src/platform/testing/index.ts'
import { freePort } from '../support/port.ts'
import { fixtures, Mcpctl, signedIn, type Watcher } from './support.ts'

// Each step starts a process; a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 })

let first: TestServer
let now: TestServer
let cli: Mcpctl
let env: Record<string, string>
let organization: Organization

beforeAll(async () => {
  env = { BERTH_PORT: String(await freePort()) }
  first = now = await startTestServer({ env })
  cli = await signedIn(first.url, await signUp(first))
  organization = await cli.json<Organization>('orgs', 'create', 'Streams')
  await cli.json('workspaces', 'create', 'One', '--tier', 'community')
})

afterAll(async () => {
  await cli.close()
  await now.close()
  if (now === first) return
  await first.database.drop()
  await rm(first.dataDir, { recursive: true, force: true })
})

/** Stops the server; `between` happens while it is away. The new one has the same address, database and data. */
async function restart(between: () => Promise<void>): Promise<void> {
  await now.berth.close()
  await between()
  now = await startTestServer({ env, beside: first })
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

const following = (watcher: Watcher) => watcher.until((one) => one.stderr.includes('Following'), 'the stream')

/** Waits until a watcher has told the newest event of the log. */
async function caughtUp(watcher: Watcher, wanted: (event: LogEvent) => boolean): Promise<void> {
  await watcher.until((one) => one.lines<LogEvent>().some(wanted), 'the event')
}

const created = (key: string) => (event: LogEvent) =>
  event.type === 'workspace.created' && event.payload['key'] === key

describe('over a restart of the server', () => {
  it('audit tail loses and doubles nothing, and Ctrl-C ends it with 0', async () => {
    const watcher = cli.watch('audit', 'tail', '--json')
    await following(watcher)
    await cli.json('workspaces', 'create', 'Before')
    await caughtUp(watcher, created('before'))
    await restart(() => pause(1500))
    await cli.json('workspaces', 'create', 'After')
    await caughtUp(watcher, created('after'))
    const told = watcher.lines<LogEvent>().map((event) => event.seq)
    const { items } = await cli.json<{ items: LogEvent[] }>('audit', 'list', '--all')
    const kept = items.map((event) => event.seq).filter((seq) => seq >= told[0]!)
    expect(told).toEqual(kept.toReversed())
    expect(watcher.stderr).toContain('Connected again.')
    expect(await watcher.interrupt()).toBe(0)
  })

  it('lifecycle watch loses and doubles nothing', async () => {
    const watcher = cli.watch('lifecycle', 'watch', '--json')
    await following(watcher)
    await restart(() => pause(500))
    const { id } = await cli.json<Workspace>('workspaces', 'create', 'Lifecycle')
    await cli.json('workspaces', 'archive', 'lifecycle', '--yes')
    await caughtUp(watcher, (event) => event.type === 'workspace.archived')
    const told = watcher.lines<LogEvent>().filter((event) => event.payload['workspaceId'] === id)
    expect(told.map((event) => event.type)).toEqual(['workspace.created', 'workspace.archived'])
    expect(await watcher.interrupt()).toBe(0)
  })

  it('logs --follow goes on with the lines, each once', async () => {
    const local = ['--local', fixtures, '--name', 'logger', '--', 'node', 'misbehaving.mjs', 'exit-at-start']
    await cli.run(['catalog', 'add', ...local])
    const { items } = await cli.json<{ items: { name: string }[] }>('catalog', 'list', 'logger')
    await cli.run(['deployments', 'launch', items[0]!.name, '--workspace', 'one', '--no-wait'])
    const watcher = cli.watch('deployments', 'logs', 'one/logger', '--follow', '--json')
    await watcher.until((one) => one.stdout.includes('told to exit'), 'a line')
    await restart(() => pause(500))
    await cli.run(['deployments', 'start', 'one/logger', '--no-wait'])
    const before = watcher.lines<LogLine>().length
    await watcher.until((one) => one.lines().length > before, 'another line')
    const lines = watcher.lines<LogLine>().map((line) => line.line)
    expect(lines).toEqual([...new Set(lines)].toSorted((a, b) => a - b))
    expect(await watcher.interrupt()).toBe(0)
  })
})

describe('a stream', () => {
  it('is told in words, with names', async () => {
    const watcher = cli.watch('lifecycle', 'watch', '--org', organization.slug)
    await following(watcher)
    expect(watcher.stdout).toMatch(/^one +community/m)
    await cli.json('workspaces', 'archive', 'before', '--yes')
    await watcher.until((one) => /workspace\.archived +before/.test(one.stdout), 'the change')
    expect(await watcher.interrupt()).toBe(0)
  })

  it('ends with 3 when the sign-in is revoked', async () => {
    const secret = await cli.text(
      'tokens',
      'create',
      'watcher',
      '--scope',
      'audit:read',
      '--scope',
      'organization:read',
    )
    const other = new Mcpctl(first.url)
    try {
      const watcher = other.watchWith(
        { BERTH_TOKEN: secret.trim() },
        'audit',
        'tail',
        '--json',
        '--org',
        organization.slug,
      )
      await following(watcher)
      await cli.json('tokens', 'revoke', 'watcher')
      expect(await watcher.end()).toBe(3)
    } finally {
      await other.close()
    }
  })

  it('ends with 0 when its reader has seen enough', async () => {
    const { code } = await cli.run(['audit', 'list', '--all'])
    expect(code).toBe(0)
    const watcher = cli.watch('audit', 'tail', '--json')
    await following(watcher)
    watcher.closeOutput()
    await cli.json('workspaces', 'create', 'Enough')
    expect(await watcher.end()).toBe(0)
  })

  it('that cannot begin ends with 4', async () => {
    const nowhere = new Mcpctl(`http://127.0.0.1:${await freePort()}`)
    expect((await nowhere.run(['audit', 'tail', '--org', 'x'])).code).toBe(4)
    await nowhere.close()
  })
})
