/** Requests for deployments whose home is another process: sent there over the internal socket. */
import { Agent, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { sign, verifySignature } from '../platform/crypto.ts'
import type { Platform } from '../platform/platform.ts'
import { rpcCodes, type OnceAnswer, type Refusal } from '../relay/service.ts'
import { homeAddress, type DeploymentRow } from '../runtime/service.ts'
import { encodeContext, type CallerContext } from './context.ts'
import { sendRpcError } from './http.ts'

const contextHeader = 'x-berth-context'
const signatureHeader = 'x-berth-signature'
const validMs = 30_000
const addressMs = 1000

/** Headers of the caller's that mean something at the home; its credentials stay here. */
const passed = [
  'accept',
  'content-type',
  'content-length',
  'mcp-session-id',
  'mcp-protocol-version',
  'last-event-id',
  'mcp-method',
  'mcp-name',
]

export interface Forwarder {
  request(
    request: IncomingMessage,
    response: ServerResponse,
    to: { context: CallerContext; row: DeploymentRow; admit: () => Refusal | null },
  ): Promise<void>
  callOnce(
    row: DeploymentRow,
    context: CallerContext,
    call: { method: string; params: Record<string, unknown>; timeoutMs: number },
  ): Promise<OnceAnswer & { callId: string | null }>
  /** A GET to a deployment's home; null when it has none. */
  get(row: DeploymentRow, path: string): Promise<IncomingMessage | null>
}

export function createForwarder(platform: Platform): Forwarder {
  const key = platform.keys.derive('internal')
  const agent = new Agent({ keepAlive: true, maxSockets: 1024 })
  const addresses = new Map<string, { address: string | null; until: number }>()

  async function addressOf(row: DeploymentRow): Promise<string | null> {
    if (!row.runnerId) return null
    const known = addresses.get(row.runnerId)
    if (known && known.until > performance.now()) return known.address
    const address = await homeAddress(platform.db, row.runnerId)
    addresses.set(row.runnerId, { address, until: performance.now() + addressMs })
    return address
  }

  function signed(path: string, context: string): Record<string, string> {
    const at = Date.now()
    return { [contextHeader]: context, [signatureHeader]: `${at}.${sign(key, `${at} ${path} ${context}`)}` }
  }

  return {
    request: async (request, response, { context, row, admit }) => {
      const refusal = admit()
      const address = refusal ? null : await addressOf(row)
      if (!address) {
        const message = refusal?.message ?? 'The deployment has no home right now; try again shortly.'
        return sendRpcError(
          response,
          refusal?.httpStatus ?? (refusal ? 403 : 503),
          rpcCodes.refused,
          message,
          refusal?.data,
        )
      }
      const path = `/internal/mcp/${row.id}`
      const headers: Record<string, string> = signed(path, encodeContext(context))
      for (const name of passed) {
        const value = request.headers[name]
        if (typeof value === 'string') headers[name] = value
      }
      const outgoing = httpRequest(`${address}${path}`, { method: request.method, agent, headers })
      outgoing.on('response', (incoming) => {
        response.writeHead(incoming.statusCode ?? 502, incoming.headers)
        response.flushHeaders()
        incoming.pipe(response)
        incoming.on('error', () => response.destroy())
      })
      outgoing.on('error', () =>
        sendRpcError(response, 503, rpcCodes.refused, "The deployment's home does not answer."),
      )
      response.on('close', () => outgoing.destroy())
      request.pipe(outgoing)
    },
    callOnce: async (row, context, call) => {
      const address = await addressOf(row)
      if (!address) return lost('The deployment has no home right now; try again shortly.')
      const path = `/internal/call/${row.id}`
      const headers = { ...signed(path, encodeContext(context)), 'content-type': 'application/json' }
      const answer = await fetch(`${address}${path}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(call),
      }).catch(() => null)
      if (!answer?.ok) return lost("The deployment's home does not answer.")
      return (await answer.json()) as OnceAnswer & { callId: string | null }
    },
    get: async (row, path) => {
      const address = await addressOf(row)
      if (!address) return null
      return await new Promise((resolve, reject) => {
        httpRequest(`${address}${path}`, { agent, headers: signed(path, '') })
          .on('response', resolve)
          .on('error', reject)
          .end()
      })
    },
  }
}

function lost(message: string): OnceAnswer & { callId: null } {
  const text = JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code: rpcCodes.refused, message } })
  return { text, outcome: 'lost', errorCode: rpcCodes.refused, latencyUs: 0, callId: null }
}

/** The context of a request on the internal socket, or null when it was not signed by this installation just now. */
export function verifiedContext(platform: Platform, request: IncomingMessage): string | null {
  const context = request.headers[contextHeader]
  const signature = request.headers[signatureHeader]
  if (typeof context !== 'string' || typeof signature !== 'string') return null
  const [at, mac] = signature.split('.')
  if (!at || !mac || Math.abs(Date.now() - Number(at)) > validMs) return null
  const key = platform.keys.derive('internal')
  return verifySignature(key, `${at} ${request.url} ${context}`, mac) ? context : null
}
