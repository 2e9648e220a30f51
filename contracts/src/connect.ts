/** How an MCP client, or a terminal, is told of a deployment: ready to paste, the same in CLI and console. */

export interface McpClient {
  title: string
  /** The member of its settings file that holds the servers. */
  servers: string
  /** Where its settings are, for a person. */
  place: string
  /** Its entry for a deployment. */
  entry: (url: string, token: string) => Record<string, unknown>
  /** How it takes notice of a change. */
  afterwards: string
}

/** Speaks stdio only, so it starts this npm package, which speaks HTTP for it. */
const bridge = 'mcp-remote@0.15.1'

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` })

/** The clients whose settings Berth knows, by the name that `mcpctl connect` takes. */
export const mcpClients = {
  'claude-desktop': {
    title: 'Claude Desktop',
    servers: 'mcpServers',
    place: 'claude_desktop_config.json (Settings → Developer → Edit Config)',
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
    place: '~/.claude.json, or .mcp.json in a project',
    entry: (url, token) => ({ type: 'http', url, headers: bearer(token) }),
    afterwards: 'Start a new Claude Code session; /mcp shows it.',
  },
  cursor: {
    title: 'Cursor',
    servers: 'mcpServers',
    place: '~/.cursor/mcp.json, or .cursor/mcp.json in a project',
    entry: (url, token) => ({ url, headers: bearer(token) }),
    afterwards: 'Restart Cursor, or switch the server on in its MCP settings.',
  },
  vscode: {
    title: 'VS Code',
    servers: 'servers',
    place: 'mcp.json (“MCP: Open User Configuration”), or .vscode/mcp.json in a project',
    entry: (url, token) => ({ type: 'http', url, headers: bearer(token) }),
    afterwards: 'Start the server with "MCP: List Servers" in VS Code.',
  },
  windsurf: {
    title: 'Windsurf',
    servers: 'mcpServers',
    place: '~/.codeium/windsurf/mcp_config.json',
    entry: (url, token) => ({ serverUrl: url, headers: bearer(token) }),
    afterwards: "Refresh the servers in Windsurf's MCP settings.",
  },
} satisfies Record<string, McpClient>

export type McpClientName = keyof typeof mcpClients

/** Stands where a token belongs in what is only shown. */
export const tokenPlaceholder = 'PASTE_A_TOKEN_HERE'

/** What belongs into a client's settings file, as a value: one server under its name. */
export const clientSettings = (client: McpClient, name: string, url: string, token: string) => ({
  [client.servers]: { [name]: client.entry(url, token) },
})

/**
 * A script for a terminal that opens a session and lists the tools. The token goes in by stdin, so that no other
 * program of the machine reads it from the command line.
 */
export function curlScript(url: string, token: string): string {
  const message = (body: object) => `'${JSON.stringify({ jsonrpc: '2.0', ...body })}'`
  const initialize = message({
    id: 1,
    method: 'initialize',
    params: {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'curl', version: '1' },
    },
  })
  return `mcp() {
  curl -sS '${url}' -H 'Content-Type: application/json' \\
    -H 'Accept: application/json, text/event-stream' -H @- "$@" <<END
Authorization: Bearer ${token}
END
}
session=$(mcp -o /dev/null -D - -d ${initialize} |
  grep -i '^mcp-session-id:' | tr -d '\\r' | cut -d ' ' -f 2)
mcp -H "Mcp-Session-Id: $session" -d ${message({ method: 'notifications/initialized' })}
mcp -H "Mcp-Session-Id: $session" -d ${message({ id: 2, method: 'tools/list' })}`
}
