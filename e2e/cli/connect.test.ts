import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { Token } from '@berth/contracts'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startTestServer, type TestServer } from '../../server/src/platform/testing/index.ts'
import { Mcpctl, type List } from './support.ts'

// Each step starts a process; a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 })

interface Entry {
  url: string
  headers: { Authorization: string }
}

const settings = `{
  // what this editor runs
  "servers": {
    "mine": { "command": "x" }, // keep
  }
}
`

let server: TestServer
let cli: Mcpctl
let file: string

beforeAll(async () => {
  server = await startTestServer()
  cli = new Mcpctl(server.url)
  await cli.json('quickstart')
  file = path.join(cli.home, 'Code', 'User', 'mcp.json')
  mkdirSync(path.dirname(file), { recursive: true })
})

afterAll(async () => {
  await cli.close()
  await server.close()
})

const activeTokens = async () => {
  const { items } = await cli.json<List<Token>>('tokens', 'list', '--all')
  return items.filter((one) => one.state === 'active' && one.scopes.join() === 'tools:call')
}

/** The entry in a file with comments. */
const written = () =>
  JSON.parse(/"everything": (\{[^]*?\n {4}\})/.exec(readFileSync(file, 'utf8'))![1]!) as Entry

async function toolsWith({ url, headers }: Entry): Promise<string[]> {
  const client = new Client({ name: 'test', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }))
  const { tools } = await client.listTools()
  await client.close()
  return tools.map((tool) => tool.name)
}

describe('connect', () => {
  it('writes an entry that an MCP client connects with, keeps comments and others, and undoes it', async () => {
    writeFileSync(file, settings, { mode: 0o640 })
    const before = await activeTokens()
    const done = await cli.json<{ backup: string; tokenId: string }>('connect', 'vscode', 'everything')
    const now = readFileSync(file, 'utf8')
    expect(now).toContain('// what this editor runs')
    expect(now).toContain('"mine": { "command": "x" }, // keep')
    expect(statSync(file).mode & 0o777).toBe(0o640)
    expect(readFileSync(done.backup, 'utf8')).toBe(settings)
    expect(await toolsWith(written())).toContain('echo')
    const token = (await activeTokens()).find((one) => one.id === done.tokenId)!
    expect(token.expiresAt).not.toBeNull()
    expect(token.allowedDeployments).toHaveLength(1)

    expect(await cli.json('connect', 'vscode', '--undo')).toMatchObject({
      removed: true,
      revoked: done.tokenId,
    })
    expect(readFileSync(file, 'utf8')).toBe(settings)
    expect(readdirSync(path.dirname(file))).toEqual(['mcp.json'])
    expect(await activeTokens()).toEqual(before)
    expect((await cli.run(['connect', 'vscode', '--undo'])).code).toBe(1)
  })

  it('replaces its own entry and revokes the token before; an undo leaves later changes by others', async () => {
    writeFileSync(file, settings)
    await cli.text('connect', 'vscode', 'everything')
    const first = written()
    await cli.text('connect', 'vscode', 'everything', '--expires-in-days', '7')
    await expect(toolsWith(first)).rejects.toThrow(/token/i)
    expect(await toolsWith(written())).toContain('echo')
    writeFileSync(file, readFileSync(file, 'utf8').replace('// keep', '// kept since'))
    await cli.text('connect', 'vscode', '--undo')
    expect(readFileSync(file, 'utf8')).toBe(settings.replace('// keep', '// kept since'))
  })

  it('makes a missing file for its owner alone, and takes it away again', async () => {
    const fresh = path.join(cli.home, 'fresh.json')
    await cli.text('connect', 'cursor', 'everything', '--file', fresh, '--name', 'tools')
    expect(statSync(fresh).mode & 0o777).toBe(0o600)
    expect(JSON.parse(readFileSync(fresh, 'utf8'))).toMatchObject({
      mcpServers: { tools: { url: expect.any(String) } },
    })
    await cli.text('connect', 'cursor', '--undo', '--file', fresh)
    expect(existsSync(fresh)).toBe(false)
  })

  it('writes a given token, and shows an entry without changing or creating anything', async () => {
    const given = path.join(cli.home, 'token')
    writeFileSync(given, 'berth_pat_given\n')
    const target = path.join(cli.home, 'desktop.json')
    const before = await activeTokens()
    await cli.text('connect', 'claude-desktop', 'everything', '--file', target, '--client-token-file', given)
    const { mcpServers } = JSON.parse(readFileSync(target, 'utf8')) as {
      mcpServers: Record<string, { env: object }>
    }
    expect(mcpServers['everything']!.env).toEqual({ BERTH_AUTHORIZATION: 'Bearer berth_pat_given' })
    const shown = await cli.json<{ mcpServers: Record<string, Entry> }>(
      'connect',
      'claude-code',
      'everything',
      '--print',
    )
    expect(shown.mcpServers['everything']).toMatchObject({
      type: 'http',
      url: expect.stringContaining('/mcp/'),
    })
    expect(existsSync(path.join(cli.home, '.claude.json'))).toBe(false)
    expect(await activeTokens()).toEqual(before)
  })

  it('refuses in words, shows what to paste, changes nothing and leaves no token behind', async () => {
    const before = await activeTokens()
    writeFileSync(file, '{ "servers": {')
    const invalid = await cli.run(['connect', 'vscode', 'everything'])
    expect(invalid).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cannot be edited safely (line 1'),
    })
    expect(invalid.stderr).toContain('PASTE_A_TOKEN_HERE')
    expect(readFileSync(file, 'utf8')).toBe('{ "servers": {')
    writeFileSync(file, '{ "servers": { "everything": { "command": "x" } } }')
    const taken = await cli.run(['connect', 'vscode', 'everything'])
    expect(taken).toMatchObject({ code: 1, stderr: expect.stringContaining('did not write') })
    const absent = await cli.run(['connect', 'windsurf', 'everything'])
    expect(absent).toMatchObject({ code: 1, stderr: expect.stringContaining('Is Windsurf installed') })
    expect(await cli.run(['connect', 'emacs', 'everything'])).toMatchObject({ code: 2 })
    expect(await cli.run(['connect', 'cursor'])).toMatchObject({ code: 2 })
    expect(await activeTokens()).toEqual(before)
  })
})
