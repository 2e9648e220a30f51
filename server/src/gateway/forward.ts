/** Requests for deployments whose home is another process: sent there over the internal socket. */
import { Agent, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { sign, verifySignature } from '../platform/crypto.ts'
import type { Platform } from '../platform/platform.ts'
import { newId } from '../platform/ids.ts'
import { readBody, usualLimits, type McpEndpoint, type OnceAnswer } from '../relay/service.ts'
import { homeAddress, type DeploymentRow } from '../runtime/service.ts'
import { encodeContext, type CallerContext, type OnceCall } from './context.ts'
import { sendRpcError } from './http.ts'
import { homeGone } from './refusals.ts'

const contextHeader = 'x-berth-context'
const signatureHeader = 'x-berth-signature'
const validMs = 30_000
const addressMs = 1000

/** Headers of the caller's that mean something at the home; its credentials stay here. */
const passed = [
  'accept',
  'content-type',
  'content-encoding',
  'mcp-session-id',
  'mcp-protocol-version',
  'last-event-id',
  'mcp-method',
  'mcp-name',
]

/** As at the home: what is longer is refused by either. */
const { maxBodyBytes } = usualLimits

export interface Forwarded {
  context: CallerContext
  row: DeploymentRow
  address: string
  /** Leaves the record of a request whose answer does not arrive. */
  endpoint: Pick<McpEndpoint<CallerContext>, 'refuseBody'>
}

export interface Forwarder {
  /** Where the home of a deployment answers; null when it has none alive. */
  addressOf(row: DeploymentRow): Promise<string | null>
  request(request: IncomingMessage, response: ServerResponse, to: Forwarded): void
  /** Null: no answer arrived. */
  callOnce(address: string, context: CallerContext, call: OnceCall): Promise<OnceAnswer | null>
  /** A GET to a deployment's home; null when it has none that answers. */
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

  /** Sends it up and its answer down as it comes. `lost` when none comes, or only a part. */
  function pass(
    request: IncomingMessage,
    response: ServerResponse,
    to: Forwarded,
    body: Buffer | null,
    lost: () => void,
  ): void {
    const path = `/internal/mcp/${to.row.id}`
    const headers: Record<string, string> = signed(path, encodeContext(to.context))
    for (const name of passed) {
      const value = request.headers[name]
      if (typeof value === 'string') headers[name] = value
    }
    if (body) headers['content-length'] = String(body.length)
    const outgoing = httpRequest(`${to.address}${path}`, { method: request.method, agent, headers })
    let over = false
    const broken = () => {
      if (over || response.destroyed) return
      over = true
      if (to.row.runnerId) addresses.delete(to.row.runnerId)
      lost()
    }
    outgoing.on('response', (incoming) => {
      response.writeHead(incoming.statusCode ?? 502, incoming.headers)
      response.flushHeaders()
      incoming.pipe(response)
      incoming.on('error', broken)
    })
    outgoing.on('error', broken)
    response.on('close', () => outgoing.destroy())
    outgoing.end(body ?? undefined)
  }

  return {
    addressOf,
    request: (request, response, to) => {
      const startedAt = Date.now()
      if (request.method !== 'POST') {
        pass(request, response, to, null, () => giveUp(response))
        return
      }
      readBody(request, response, maxBodyBytes, (body) => {
        if (!body) return
        const record = { id: newId('call'), at: startedAt }
        const context = { ...to.context, record }
        pass(request, response, { ...to, context }, body, () => {
          to.endpoint.refuseBody(response, context, body, homeGone, { outcome: 'lost', startedAt })
          if (response.headersSent) response.destroy()
        })
      })
    },
    callOnce: async (address, context, call) => {
      const path = `/internal/call/${context.scope}`
      const headers = { ...signed(path, encodeContext(context)), 'content-type': 'application/json' }
      const body = JSON.stringify(call)
      try {
        const answer = await fetch(`${address}${path}`, { method: 'POST', headers, body })
        return answer.ok ? ((await answer.json()) as OnceAnswer) : null
      } catch {
        return null
      }
    },
    get: async (row, path) => {
      const address = await addressOf(row)
      if (!address) return null
      return await new Promise((resolve) => {
        httpRequest(`${address}${path}`, { agent, headers: signed(path, '') })
          .on('response', resolve)
          .on('error', () => resolve(null))
          .end()
      })
    },
  }
}

function giveUp(response: ServerResponse): void {
  if (response.headersSent) response.destroy()
  else sendRpcError(response, homeGone.httpStatus!, homeGone.code, homeGone.message)
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
