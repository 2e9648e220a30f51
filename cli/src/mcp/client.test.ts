import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { UnreachableError } from '@berth/contracts'
import { afterEach, describe, expect, it } from 'vitest'
import { NotSignedInError, RefusedError } from '../core/errors.ts'
import { connectMcp } from './client.ts'

interface Message {
  id?: number | string
  method?: string
  params?: Record<string, unknown>
  result?: unknown
  error?: unknown
}

type Reply = (message: Message, response: ServerResponse, request: IncomingMessage) => void

const closers: (() => void)[] = []

/** An MCP endpoint that answers each message as the test says; the handshake it does by itself. */
async function endpoint(reply: Reply) {
  const got: { method: string; message: Message; headers: IncomingMessage['headers'] }[] = []
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const message = JSON.parse(body || '{}') as Message
    got.push({ method: request.method!, message, headers: request.headers })
    if (message.method === 'initialize') {
      const result = { protocolVersion: '2025-06-18', serverInfo: { name: 'peer' }, capabilities: {} }
      response.setHeader('mcp-session-id', 's1')
      json(response, { jsonrpc: '2.0', id: message.id, result })
    } else if (message.method === undefined || message.id === undefined) response.writeHead(202).end()
    else reply(message, response, request)
  }
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, got }
}

const json = (response: ServerResponse, value: unknown) =>
  response.setHeader('content-type', 'application/json').end(JSON.stringify(value))

const sse = (response: ServerResponse, ...messages: unknown[]) => {
  response.setHeader('content-type', 'text/event-stream')
  response.end(messages.map((message) => `event: message\ndata: ${JSON.stringify(message)}\n\n`).join(''))
}

const connect = (url: string, timeoutMs = 5000) =>
  connectMcp({ url, token: 'tok', clientVersion: '1', timeoutMs })

afterEach(() => {
  for (const close of closers.splice(0)) close()
})

describe('an MCP session', () => {
  it('does the handshake, carries session, version and token, and ends with DELETE', async () => {
    const { url, got } = await endpoint((message, response) =>
      json(response, { id: message.id, result: { ok: 1 } }),
    )
    const session = await connect(url)
    expect(await session.request('x')).toEqual({ ok: 1 })
    await session.close()
    expect(got.map((one) => one.message.method ?? one.method)).toEqual([
      'initialize',
      'notifications/initialized',
      'x',
      'DELETE',
    ])
    expect(got[0]!.headers['mcp-session-id']).toBeUndefined()
    for (const { headers } of got.slice(1)) {
      expect(headers['mcp-session-id']).toBe('s1')
      expect(headers['mcp-protocol-version']).toBe('2025-06-18')
      expect(headers.authorization).toBe('Bearer tok')
    }
  })

  it('finds its answer on a stream among notifications, other answers and requests, and answers a ping', async () => {
    const { url, got } = await endpoint((message, response) =>
      sse(
        response,
        { jsonrpc: '2.0', method: 'notifications/message', params: {} },
        { jsonrpc: '2.0', id: 'p', method: 'ping' },
        { jsonrpc: '2.0', id: 'q', method: 'sampling/createMessage' },
        { jsonrpc: '2.0', id: 999, result: 'not mine' },
        { jsonrpc: '2.0', id: message.id, result: { mine: true } },
      ),
    )
    const session = await connect(url)
    expect(await session.request('x')).toEqual({ mine: true })
    const answers = got.map((one) => one.message).filter((message) => message.method === undefined)
    expect(answers).toEqual([
      { jsonrpc: '2.0', id: 'p', result: {} },
      { jsonrpc: '2.0', id: 'q', error: { code: -32601, message: expect.any(String) } },
    ])
  })

  it('reads all pages of tools', async () => {
    const { url } = await endpoint((message, response) => {
      const second = message.params?.['cursor'] === 'more'
      const result = second ? { tools: [{ name: 'b' }] } : { tools: [{ name: 'a' }], nextCursor: 'more' }
      json(response, { id: message.id, result })
    })
    const session = await connect(url)
    expect((await session.listTools()).map((tool) => tool['name'])).toEqual(['a', 'b'])
  })
})

describe('a refusal', () => {
  it.each<[string, Reply, new (...given: never[]) => Error, RegExp]>([
    [
      'by JSON-RPC',
      (message, response) => json(response, { id: message.id, error: { code: -32000, message: 'Held.' } }),
      RefusedError,
      /-32000.*Held\./,
    ],
    [
      'by HTTP with a JSON-RPC error',
      (_message, response) => {
        response.statusCode = 403
        json(response, { error: { code: -32000, message: 'Not this tool.' } })
      },
      RefusedError,
      /Not this tool\./,
    ],
    [
      'of the token',
      (_message, response) => {
        response.statusCode = 401
        json(response, { detail: 'Send a token.' })
      },
      NotSignedInError,
      /Send a token\./,
    ],
    ['with garbage', (_message, response) => response.end('<html>'), UnreachableError, /broke off/],
    ['by silence', (_message, response) => sse(response), UnreachableError, /without an answer/],
    ['by hanging up', (_message, response) => response.destroy(), UnreachableError, /does not answer/],
  ])('%s is told in words', async (_how, reply, kind, words) => {
    const { url } = await endpoint(reply)
    const session = await connect(url)
    const failure = await session.request('x').catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(kind)
    expect((failure as Error).message).toMatch(words)
  })

  it('that never comes ends with the time limit', async () => {
    const { url } = await endpoint(() => {})
    const session = await connect(url, 200)
    await expect(session.request('x')).rejects.toThrow(UnreachableError)
  })
})
