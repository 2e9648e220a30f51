/** The internal socket: what this installation's other processes ask of this one, signed with its key. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Platform } from '../platform/platform.ts'
import type { RuntimeLogs } from '../runtime/service.ts'
import { decodeContext, type OnceCall } from './context.ts'
import { verifiedContext } from './forward.ts'
import type { Gateway } from './gateway.ts'
import { sendRpcError } from './http.ts'

/** A caller's context travels as a header: a token may name many tools. */
const maxHeaderSize = 1024 * 1024

/** Listens on a free port of this machine's own address. */
export function createInternalServer(platform: Platform, gateway: Gateway, logs: RuntimeLogs) {
  const server = createServer(
    { keepAliveTimeout: 65_000, requestTimeout: 0, maxHeaderSize },
    handler(platform, gateway, logs),
  )
  return {
    start: async (): Promise<string> => {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(0, '127.0.0.1', resolve)
      })
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    },
    stop: async (): Promise<void> => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Answers `/internal/mcp/…`, `/internal/call/…` and `/internal/logs/…`; everything else, and the unsigned, gets 404. */
function handler(platform: Platform, gateway: Gateway, logs: RuntimeLogs) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const context = verifiedContext(platform, request)
    if (context === null) return void response.writeHead(404).end()
    const { pathname, searchParams } = new URL(request.url!, 'http://internal')
    const [, , kind, id] = pathname.split('/')
    if (!id) return void response.writeHead(404).end()
    serve().catch((error: Error) => {
      platform.logger.error({ err: error.message }, 'an internal request failed')
      sendRpcError(response, 503, -32603, 'Something went wrong in Berth.')
    })

    async function serve(): Promise<void> {
      if (kind === 'mcp') {
        const row = await gateway.directory.load(id!)
        if (row) await gateway.upToDate(row)
        return gateway.endpoint.handle(request, response, decodeContext(context!))
      }
      if (kind === 'call') {
        const row = await gateway.directory.load(id!)
        if (!row) return void response.writeHead(404).end()
        await gateway.upToDate(row)
        const call = JSON.parse(await text(request)) as OnceCall
        const answer = await gateway.endpoint.callOnce({ context: decodeContext(context!), ...call })
        response.writeHead(200, { 'content-type': 'application/json' })
        return void response.end(JSON.stringify(answer))
      }
      if (kind === 'logs') {
        const lines = Number(searchParams.get('tail') ?? 200)
        const after = Number(searchParams.get('after') ?? 0)
        response.writeHead(200, { 'content-type': 'application/x-ndjson' })
        const send = (line: unknown) => response.write(`${JSON.stringify(line)}\n`)
        if (searchParams.get('follow') !== 'true') {
          for (const line of await logs.tail(id!, { lines, after })) send(line)
          return void response.end()
        }
        response.on('close', logs.follow(id!, { lines, after }, send))
        return
      }
      response.writeHead(404).end()
    }
  }
}
