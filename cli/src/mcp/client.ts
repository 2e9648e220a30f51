import { UnreachableError } from '@berth/contracts'
import { createParser } from 'eventsource-parser'
import { NotSignedInError, RefusedError } from '../core/errors.ts'

const protocolVersion = '2025-11-25'

interface JsonRpc {
  id?: number | string | null
  method?: string
  result?: unknown
  error?: { code: number; message: string; data?: unknown }
}

export interface McpClientOptions {
  url: string
  /** The API or service token, sent as a bearer. */
  token: string
  clientVersion: string
  timeoutMs: number
}

export interface InitializeResult {
  protocolVersion: string
  serverInfo?: { name?: string; version?: string }
  capabilities?: Record<string, unknown>
}

/** A session with an MCP server over Streamable HTTP: raw JSON-RPC, nothing dropped that the server sent. */
export interface McpSession {
  readonly server: InitializeResult
  request(method: string, params?: object): Promise<Record<string, unknown>>
  /** All pages of `tools/list`. */
  listTools(): Promise<Record<string, unknown>[]>
  /** Ends the session at the server. */
  close(): Promise<void>
}

/**
 * Connects: `initialize`, then `notifications/initialized`. Refusals are RefusedError (NotSignedInError for a token
 * that does not hold), no answer is UnreachableError.
 */
export async function connectMcp(options: McpClientOptions): Promise<McpSession> {
  const wire = new Wire(options)
  const server = (await wire.request('initialize', {
    protocolVersion,
    capabilities: {},
    clientInfo: { name: 'mcpctl', version: options.clientVersion },
  })) as unknown as InitializeResult
  wire.negotiated = server.protocolVersion
  await wire.notify('notifications/initialized')
  return {
    server,
    request: (method, params) => wire.request(method, params),
    listTools: () => allTools(wire),
    close: () => wire.close(),
  }
}

async function allTools(wire: Wire): Promise<Record<string, unknown>[]> {
  const tools: Record<string, unknown>[] = []
  let cursor: unknown
  do {
    const page = await wire.request('tools/list', cursor === undefined ? {} : { cursor })
    tools.push(...((page['tools'] as Record<string, unknown>[] | undefined) ?? []))
    cursor = page['nextCursor'] ?? undefined
  } while (cursor !== undefined)
  return tools
}

/** One session's requests and answers. */
class Wire {
  negotiated: string | undefined
  private sessionId: string | undefined
  private lastId = 0
  private readonly options: McpClientOptions

  constructor(options: McpClientOptions) {
    this.options = options
  }

  async request(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = ++this.lastId
    const response = await this.post({ jsonrpc: '2.0', id, method, params })
    this.sessionId ??= response.headers.get('mcp-session-id') ?? undefined
    const answer = await this.answerOf(response, id, method)
    if (answer.error) {
      throw new RefusedError(`${method} was refused (${answer.error.code}): ${answer.error.message}`)
    }
    return (answer.result ?? {}) as Record<string, unknown>
  }

  async notify(method: string): Promise<void> {
    const response = await this.post({ jsonrpc: '2.0', method })
    await response.body?.cancel()
  }

  async close(): Promise<void> {
    if (!this.sessionId) return
    const response = await this.send({ method: 'DELETE' })
    await response.body?.cancel()
  }

  private async post(message: object): Promise<Response> {
    const response = await this.send({ method: 'POST', body: JSON.stringify(message) })
    if (response.ok) return response
    throw await refusalOf(response)
  }

  private async send(init: RequestInit): Promise<Response> {
    const headers: Record<string, string> = {
      authorization: `Bearer ${this.options.token}`,
      accept: 'application/json, text/event-stream',
    }
    if (init.body) headers['content-type'] = 'application/json'
    if (this.sessionId) headers['mcp-session-id'] = this.sessionId
    if (this.negotiated) headers['mcp-protocol-version'] = this.negotiated
    const signal = AbortSignal.timeout(this.options.timeoutMs)
    try {
      return await fetch(this.options.url, { ...init, headers, signal, redirect: 'manual' })
    } catch {
      throw new UnreachableError(`The MCP endpoint ${this.options.url} does not answer.`)
    }
  }

  /** The answer to one request, whether it comes as JSON or on a stream beside other messages. */
  private async answerOf(response: Response, id: number, method: string): Promise<JsonRpc> {
    try {
      if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
        return (await response.json()) as JsonRpc
      }
      for await (const message of messagesOf(response)) {
        if (message.method !== undefined) await this.serve(message)
        else if (message.id === id) return message
      }
    } catch (error) {
      if (error instanceof RefusedError || error instanceof NotSignedInError) throw error
      throw new UnreachableError(`The answer to ${method} broke off.`, { cause: error })
    }
    throw new UnreachableError(`The stream ended without an answer to ${method}.`)
  }

  /** Answers what the server asks of us: a ping; anything else is beyond what was declared. */
  private async serve(message: JsonRpc): Promise<void> {
    if (message.id === undefined || message.id === null) return
    const answer =
      message.method === 'ping'
        ? { result: {} }
        : { error: { code: -32601, message: `mcpctl does not serve ${message.method}.` } }
    const response = await this.post({ jsonrpc: '2.0', id: message.id, ...answer })
    await response.body?.cancel()
  }
}

async function* messagesOf(response: Response): AsyncGenerator<JsonRpc> {
  const waiting: JsonRpc[] = []
  const parser = createParser({
    onEvent: ({ data }) => {
      if (data) waiting.push(JSON.parse(data) as JsonRpc)
    },
  })
  const decoder = new TextDecoder()
  const reader = response.body!.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      parser.feed(decoder.decode(value, { stream: true }))
      yield* waiting.splice(0)
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

/** An HTTP refusal in words: the JSON-RPC error's or the problem's own sentence where it has one. */
async function refusalOf(response: Response): Promise<Error> {
  const text = await response.text().catch(() => '')
  const sentence = sentenceIn(text) ?? `It answered ${response.status}.`
  if (response.status === 401) return new NotSignedInError(`The MCP endpoint refused the token: ${sentence}`)
  return new RefusedError(`The MCP endpoint refused: ${sentence}`)
}

function sentenceIn(text: string): string | undefined {
  try {
    const value = JSON.parse(text) as { error?: { message?: unknown }; detail?: unknown }
    const found = value.error?.message ?? value.detail
    return typeof found === 'string' ? found : undefined
  } catch {
    return undefined
  }
}
