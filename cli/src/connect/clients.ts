import { homedir } from 'node:os'
import { join } from 'node:path'

/** The machine a client's settings are looked for on. */
export interface Machine {
  platform: NodeJS.Platform
  home: string
  env: NodeJS.ProcessEnv
}

/** An MCP client whose settings file mcpctl knows. */
export interface McpClient {
  title: string
  /** The member of the file that holds the servers. */
  servers: string
  /** Where its settings are; undefined where it does not run or keeps them elsewhere. */
  path: (machine: Machine) => string | undefined
  /** Its entry for a deployment. */
  entry: (url: string, token: string) => Record<string, unknown>
  /** How it takes notice of a change. */
  afterwards: string
}

/** This machine and its user. */
export const thisMachine = (): Machine => ({
  platform: process.platform,
  home: homedir(),
  env: process.env,
})

/** Speaks stdio only, so it starts this npm package, which speaks HTTP for it. */
const bridge = 'mcp-remote@0.15.1'

/** The clients by the name that `mcpctl connect` takes. */
export const clients = {
  'claude-desktop': {
    title: 'Claude Desktop',
    servers: 'mcpServers',
    path: (machine) => {
      if (machine.platform === 'linux') return undefined
      const folder = applicationData(machine)
      return folder && join(folder, 'Claude', 'claude_desktop_config.json')
    },
    entry: (url, token) => ({
      command: 'npx',
      args: [
        '-y',
        bridge,
        url,
        '--transport',
        'http-only',
        '--header',
        // No blank after the colon: on Windows, Claude Desktop splits arguments there.
        'Authorization:${BERTH_AUTHORIZATION}',
        ...(url.startsWith('http:') ? ['--allow-http'] : []),
      ],
      env: { BERTH_AUTHORIZATION: `Bearer ${token}` },
    }),
    afterwards: `Quit Claude Desktop and open it again. It speaks stdio only: it runs ${bridge} by npx (Node must be installed), which passes its calls on.`,
  },
  'claude-code': {
    title: 'Claude Code',
    servers: 'mcpServers',
    path: ({ home, env }) => join(env['CLAUDE_CONFIG_DIR'] || home, '.claude.json'),
    entry: (url, token) => ({ type: 'http', url, headers: { Authorization: `Bearer ${token}` } }),
    afterwards: 'Start a new Claude Code session; /mcp shows it.',
  },
  cursor: {
    title: 'Cursor',
    servers: 'mcpServers',
    path: ({ home }) => join(home, '.cursor', 'mcp.json'),
    entry: (url, token) => ({ url, headers: { Authorization: `Bearer ${token}` } }),
    afterwards: 'Restart Cursor, or switch the server on in its MCP settings.',
  },
  vscode: {
    title: 'VS Code',
    servers: 'servers',
    path: (machine) => {
      const folder = applicationData(machine)
      return folder && join(folder, 'Code', 'User', 'mcp.json')
    },
    entry: (url, token) => ({ type: 'http', url, headers: { Authorization: `Bearer ${token}` } }),
    afterwards: 'Start the server with "MCP: List Servers" in VS Code.',
  },
  windsurf: {
    title: 'Windsurf',
    servers: 'mcpServers',
    path: ({ home }) => join(home, '.codeium', 'windsurf', 'mcp_config.json'),
    entry: (url, token) => ({ serverUrl: url, headers: { Authorization: `Bearer ${token}` } }),
    afterwards: "Refresh the servers in Windsurf's MCP settings.",
  },
} satisfies Record<string, McpClient>

export type ClientName = keyof typeof clients

/** Where programs of this user keep their settings. */
function applicationData({ platform, home, env }: Machine): string | undefined {
  if (platform === 'darwin') return join(home, 'Library', 'Application Support')
  if (platform === 'win32') return env['APPDATA'] || join(home, 'AppData', 'Roaming')
  return env['XDG_CONFIG_HOME'] || join(home, '.config')
}
