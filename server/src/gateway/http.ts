import type { ServerResponse } from 'node:http'

/** Answers with a JSON-RPC error, as MCP clients read it. */
export function sendRpcError(
  response: ServerResponse,
  status: number,
  code: number,
  message: string,
  data?: unknown,
): void {
  if (response.headersSent) return void response.end()
  const body = JSON.stringify({ jsonrpc: '2.0', id: null, error: { code, message, data } })
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
}
