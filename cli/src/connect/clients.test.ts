import { expect, it } from 'vitest'
import { clients, type ClientName } from './clients.ts'

const names = Object.keys(clients) as ClientName[]
const on = (platform: NodeJS.Platform, env: NodeJS.ProcessEnv = {}) =>
  Object.fromEntries(names.map((name) => [name, clients[name].path({ platform, home: '/home/ann', env })]))

it('knows where each client keeps its settings', () => {
  expect(on('linux')).toEqual({
    'claude-desktop': undefined,
    'claude-code': '/home/ann/.claude.json',
    cursor: '/home/ann/.cursor/mcp.json',
    vscode: '/home/ann/.config/Code/User/mcp.json',
    windsurf: '/home/ann/.codeium/windsurf/mcp_config.json',
  })
  expect(on('darwin')).toMatchObject({
    'claude-desktop': '/home/ann/Library/Application Support/Claude/claude_desktop_config.json',
    vscode: '/home/ann/Library/Application Support/Code/User/mcp.json',
  })
  expect(on('linux', { CLAUDE_CONFIG_DIR: '/c' })).toMatchObject({ 'claude-code': '/c/.claude.json' })
  expect(on('win32', { APPDATA: '/roaming' })).toMatchObject({
    'claude-desktop': '/roaming/Claude/claude_desktop_config.json',
    vscode: '/roaming/Code/User/mcp.json',
  })
})

it('never puts a token among the arguments of a command, where any process could read it', () => {
  for (const name of names) {
    const entry: Record<string, unknown> = clients[name].entry(
      'https://berth.example/mcp/a/b/c',
      'berth_pat_x',
    )
    expect(JSON.stringify(entry)).toContain('Bearer berth_pat_x')
    expect(JSON.stringify(entry['args'] ?? [])).not.toContain('berth_pat_x')
    expect(JSON.stringify(entry)).not.toContain('allow-http"')
  }
})
