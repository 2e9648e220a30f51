import { expect, it } from 'vitest'
import { curlScript, mcpClients, type McpClient } from './connect.ts'

const url = 'https://berth.example/mcp/a/b/c'

it.each(Object.entries<McpClient>(mcpClients))(
  'never puts a token among the arguments of a command of %s, where any process could read it',
  (_name, client) => {
    const entry = client.entry(url, 'berth_pat_x')
    expect(JSON.stringify(entry)).toContain('Bearer berth_pat_x')
    expect(JSON.stringify(entry['args'] ?? [])).not.toContain('berth_pat_x')
    expect(JSON.stringify(entry)).not.toContain('allow-http"')
  },
)

it('gives curl the token by stdin only', () => {
  const lines = curlScript(url, 'berth_pat_x').split('\n')
  expect(lines.filter((line) => line.includes('berth_pat_x'))).toEqual(['Authorization: Bearer berth_pat_x'])
})
