import { expect, it } from 'vitest'
import { settingsPaths } from './clients.ts'
const on = (platform: NodeJS.Platform, env: NodeJS.ProcessEnv = {}) =>
  Object.fromEntries(
    Object.entries(settingsPaths).map(([name, path]) => [name, path({ platform, home: '/home/ann', env })]),
  )

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
