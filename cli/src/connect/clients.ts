import { homedir } from 'node:os'
import { join } from 'node:path'
import type { McpClientName } from '@berth/contracts'

/** The machine a client's settings are looked for on. */
export interface Machine {
  platform: NodeJS.Platform
  home: string
  env: NodeJS.ProcessEnv
}

/** This machine and its user. */
export const thisMachine = (): Machine => ({
  platform: process.platform,
  home: homedir(),
  env: process.env,
})

/** Where a client's settings are; undefined where it does not run or keeps them elsewhere. */
export const settingsPaths: Record<McpClientName, (machine: Machine) => string | undefined> = {
  'claude-desktop': (machine) => {
    if (machine.platform === 'linux') return undefined
    const folder = applicationData(machine)
    return folder && join(folder, 'Claude', 'claude_desktop_config.json')
  },
  'claude-code': ({ home, env }) => join(env['CLAUDE_CONFIG_DIR'] || home, '.claude.json'),
  cursor: ({ home }) => join(home, '.cursor', 'mcp.json'),
  vscode: (machine) => {
    const folder = applicationData(machine)
    return folder && join(folder, 'Code', 'User', 'mcp.json')
  },
  windsurf: ({ home }) => join(home, '.codeium', 'windsurf', 'mcp_config.json'),
}

/** Where programs of this user keep their settings. */
function applicationData({ platform, home, env }: Machine): string | undefined {
  if (platform === 'darwin') return join(home, 'Library', 'Application Support')
  if (platform === 'win32') return env['APPDATA'] || join(home, 'AppData', 'Roaming')
  return env['XDG_CONFIG_HOME'] || join(home, '.config')
}
