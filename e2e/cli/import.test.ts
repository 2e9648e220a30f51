import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Deployment, Secret } from '@berth/contracts'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { signUp, startTestServer, type TestServer } from '../../server/src/platform/testing/index.ts'
import { fixtures, signedIn, type List, type Mcpctl } from './support.ts'

// Each step starts a process; a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 })

interface Report {
  entries: { entry: string; outcome: string; deployment?: string; state?: string; reason?: string }[]
}

let server: TestServer
let cli: Mcpctl
let remote: ChildProcess
let file: string

beforeAll(async () => {
  server = await startTestServer()
  cli = await signedIn(server.url, await signUp(server))
  await cli.json('orgs', 'create', 'Acme')
  await cli.json('tiers', 'create', 'lab', '--sandbox', 'preferred', '--allow-local')
  await cli.json('workspaces', 'create', 'Desk', '--tier', 'lab')
  const folder = path.join(cli.home, 'mine')
  mkdirSync(folder)
  for (const name of ['echo.mjs', 'rpc.mjs']) copyFileSync(path.join(fixtures, name), path.join(folder, name))
  remote = spawn(process.execPath, [path.join(fixtures, 'remote.mjs')], {
    env: { ...process.env, FIXTURE_KEY: 'hunter2' },
  })
  const [line] = (await once(remote.stdout!, 'data')) as [Buffer]
  const { url } = JSON.parse(String(line)) as { url: string }
  file = path.join(cli.home, 'mcp.json')
  writeFileSync(
    file,
    `{
      // a client's own file
      "mcpServers": {
        "My echo": { "command": "node", "args": ["mine/echo.mjs"], "env": { "GREETING": "hi", "API_KEY": "s3cret-value" } },
        "far": { "url": "${url}", "headers": { "x-api-key": "hunter2" } },
        "snake": { "command": "uvx", "args": ["mcp-server-git"] },
      },
    }`,
  )
})

afterAll(async () => {
  remote?.kill('SIGKILL')
  await cli.close()
  await server.close()
})

describe('import', () => {
  it('shows in a dry run what would become of each entry, and changes nothing', async () => {
    const { entries } = await cli.json<Report>('import', file, '--dry-run')
    expect(entries.map((one) => [one.entry, one.outcome])).toEqual([
      ['My echo', 'planned'],
      ['far', 'planned'],
      ['snake', 'skipped'],
    ])
    expect((await cli.json<List<Deployment>>('deployments', 'list')).items).toEqual([])
  })

  it('makes deployments that answer, keeps secrets secret, and says what it cannot', async () => {
    const { code, stdout, stderr } = await cli.run(['import', file, '--json'])
    const { entries } = JSON.parse(stdout) as Report
    expect(entries).toMatchObject([
      { entry: 'My echo', outcome: 'imported', deployment: 'my-echo', state: 'running' },
      { entry: 'far', outcome: 'imported', state: 'running' },
      { entry: 'snake', outcome: 'skipped', reason: expect.stringContaining('cannot run "uvx"') },
    ])
    expect(code).toBe(1)
    expect(stderr).toContain('1 entry does not run: snake.')
    expect(stdout + stderr).not.toMatch(/s3cret-value|hunter2/)
    expect(await cli.text('deployments', 'call', 'my-echo', 'echo', 'message=one')).toBe('one\n')
    expect(await cli.text('deployments', 'call', 'far', 'echo', 'message=two')).toBe('two\n')
    const { items } = await cli.json<{ items: Secret[] }>('secrets', 'list')
    expect(items.map((one) => one.name).toSorted()).toEqual(['FAR_X_API_KEY', 'MY_ECHO_API_KEY'])
  })

  it('changes nothing when run again, and takes up what is gone from the catalog that is there', async () => {
    const again = JSON.parse((await cli.run(['import', file, '--json'])).stdout) as Report
    expect(again.entries.map((one) => one.outcome)).toEqual(['present', 'present', 'skipped'])
    await cli.json('deployments', 'remove', 'my-echo', '--yes')
    const third = JSON.parse((await cli.run(['import', file, '--json'])).stdout) as Report
    expect(third.entries.map((one) => one.outcome)).toEqual(['imported', 'present', 'skipped'])
    const { items } = await cli.json<{ items: Secret[] }>('secrets', 'list')
    expect(items.map((one) => one.name).toSorted()).toEqual(['FAR_X_API_KEY', 'MY_ECHO_API_KEY'])
  })

  it('tells who may not add to the catalog that an operator can, and refuses what is no such file', async () => {
    const other = await signedIn(server.url, await signUp(server))
    try {
      await other.json('orgs', 'create', 'Other')
      await other.json('workspaces', 'create', 'Desk', '--tier', 'lab')
      const elsewhere = path.join(other.home, 'mcp.json')
      writeFileSync(elsewhere, '{"servers": {"new": {"url": "https://mcp.example.com/mcp"}}}')
      const { code, stdout } = await other.run(['import', elsewhere, '--json'])
      expect(code).toBe(1)
      expect((JSON.parse(stdout) as Report).entries[0]!.reason).toContain('only an operator can add it')
      writeFileSync(elsewhere, '{"servers": ')
      const broken = await other.run(['import', elsewhere])
      expect(broken).toMatchObject({ code: 1, stderr: expect.stringContaining('not valid JSON: line 1') })
      expect((await other.run(['import', path.join(other.home, 'none')])).code).toBe(1)
    } finally {
      await other.close()
    }
  })
})
