/** One session's place at a server: its requests, subscriptions, and the server's requests it has yet to answer. */
import { randomBytes } from 'node:crypto'
import { composeCall, composeResponse, paramsWith, tokenText } from './envelope.ts'
import type { Envelope } from './envelope.ts'
import { codes, notRead } from './jsonrpc.ts'
import type { Call } from './call.ts'
import type { ServerMessage } from './routing.ts'
import type { Refusal } from './types.ts'
import type { Upstream } from './upstream.ts'

/** What a link needs of its session. */
export interface Peer {
  /** A message for the session as a whole (the GET stream). */
  deliver(text: string): void
  /** True when something could be sent to the client right now outside a call. */
  readonly listening: boolean
  /** The server is gone; its pending calls have been answered. */
  upstreamGone(sentence: string): void
  /** Subscriptions or log level changed. */
  stateChanged?(): void
}

/** A server's request that waits for the client: its id upstream and the call that carried it. */
interface Asked {
  rawId: string
  call: Call | null
}

const MAX_ASKED = 1024
/** Bytes that a server may leave unread before it gets no more requests. */
const MAX_BACKLOG = 16 * 1024 * 1024

export class Link {
  readonly upstream: Upstream
  readonly peer: Peer
  readonly subscriptions = new Set<string>()
  logLevel: string | null = null
  readonly asked = new Map<string, Asked>()
  private readonly nonce = randomBytes(4).toString('hex')
  private lastAsked = 0
  private closed = false

  constructor(upstream: Upstream, peer: Peer) {
    this.upstream = upstream
    this.peer = peer
  }

  /**
   * Sends a request up. A returned refusal means that it was not sent; a returned raw result that it needed no sending.
   */
  request(envelope: Envelope, call: Call): Refusal | { rawResult: string } | null {
    const { upstream } = this
    if (upstream.gone) return { code: codes.serverGone, message: upstream.gone.sentence }
    if (upstream.backlog > MAX_BACKLOG) return notRead
    if (upstream.isolation === 'shared') {
      const refusal = refusedWhenShared(envelope)
      if (refusal) return refusal
    }
    call.link = this
    const params = envelope.message.params as { uri?: unknown; level?: unknown; task?: unknown } | undefined
    if (envelope.method === 'resources/subscribe' || envelope.method === 'resources/unsubscribe') {
      if (typeof params?.uri === 'string') {
        call.subject = params.uri
        if (this.subscribe(envelope.method, params.uri) === 'answered') return { rawResult: '{}' }
      }
    } else if (envelope.method === 'logging/setLevel') {
      call.subject = String(params?.level)
    }
    call.task = params?.task !== undefined
    upstream.send(call, envelope)
    return null
  }

  /** Counts the subscription at once, so that another session's unsubscribe in flight cannot end it. */
  private subscribe(method: string, uri: string): 'answered' | 'sent' {
    if (method === 'resources/subscribe') {
      this.subscriptions.add(uri)
      return 'sent'
    }
    this.subscriptions.delete(uri)
    this.peer.stateChanged?.()
    return this.sharedWithOthers(uri) ? 'answered' : 'sent'
  }

  private sharedWithOthers(uri: string): boolean {
    for (const link of this.upstream.links) {
      if (link !== this && link.subscriptions.has(uri)) return true
    }
    return false
  }

  /** The server answered one of this session's requests. */
  settled(call: Call, message: ServerMessage): void {
    if (call.method === 'resources/subscribe') {
      const uri = call.subject
      if (uri === null) return
      if (message.error) this.subscriptions.delete(uri)
      else this.peer.stateChanged?.()
    } else if (call.method === 'logging/setLevel' && !message.error) {
      this.logLevel = call.subject
      this.peer.stateChanged?.()
    }
  }

  /** A notification from the client. */
  notify(envelope: Envelope): void {
    const { upstream } = this
    switch (envelope.method) {
      case 'notifications/initialized':
        upstream.markInitialized()
        return
      case 'notifications/cancelled':
        this.cancel(envelope)
        return
      case 'notifications/progress':
      case 'notifications/roots/list_changed':
        // Without client capabilities the server asked for none of this.
        if (!upstream.exclusive) return
    }
    upstream.sendRaw(composeCall(envelope, '', envelope.params))
  }

  /** Cancels the client's requests of that id (all of them, if it used one id twice). */
  private cancel(envelope: Envelope): void {
    const { upstream } = this
    const params = envelope.message.params as { requestId?: unknown; reason?: unknown } | undefined
    const id = params?.requestId
    if (typeof id !== 'string' && typeof id !== 'number') return
    for (const call of this.pending()) {
      if (JSON.parse(call.rawId) !== id) continue
      upstream.calls.delete(call.upstreamId)
      upstream.sendRaw(composeCall(envelope, '', paramsWith(envelope, JSON.stringify(call.upstreamId))))
      call.fail('cancelled', { code: codes.cancelled, message: 'The request was cancelled by the client.' })
    }
  }

  /** This session's requests in flight. */
  pending(): Call[] {
    const calls: Call[] = []
    for (const call of this.upstream.calls.values()) if (call.link === this) calls.push(call)
    return calls
  }

  /**
   * The call whose stream carries a message of the server; null for the session's own. A transport that tells knows
   * best; a pipe does not, and then a single request in flight is taken for the origin. A client that does not listen
   * is reached by whatever call it waits for.
   */
  callOf(origin: Call | null): Call | null {
    if (origin?.link === this) return origin
    const calls = this.pending()
    const { listening } = this.peer
    if (calls.length === 1 && !(listening && this.upstream.tellsOrigin)) return calls[0]!
    return listening ? null : (calls.at(-1) ?? null)
  }

  /** Passes a server's request to the client under an id that no earlier server of this session has used. */
  ask(envelope: Envelope, origin: Call | null): void {
    if (this.asked.size >= MAX_ASKED) {
      this.upstream.reply(envelope.rawId, null, {
        code: codes.transport,
        message: 'Too many requests wait for the client.',
      })
      return
    }
    const id = `${this.nonce}-${++this.lastAsked}`
    const call = this.callOf(origin)
    this.asked.set(id, { rawId: envelope.rawId, call })
    this.toClient(composeCall(envelope, `"${id}"`, envelope.params), call)
  }

  /** The server gave up on a request of its own. */
  unask(envelope: Envelope): void {
    const rawId = tokenText(envelope)
    for (const [id, asked] of this.asked) {
      if (asked.rawId !== rawId) continue
      this.asked.delete(id)
      this.toClient(composeCall(envelope, '', paramsWith(envelope, `"${id}"`)), asked.call)
    }
  }

  /** On the call's own stream when there is one, else on the session's. */
  toClient(text: string, call: Call | null): void {
    if (call === null || !call.message(text)) this.peer.deliver(text)
  }

  /** The client's answer to a server's request. Answers to nothing we asked are dropped. */
  respond(envelope: Envelope): void {
    const id = envelope.message.id
    const asked = typeof id === 'string' ? this.asked.get(id) : undefined
    if (!asked) return
    this.asked.delete(id as string)
    this.upstream.sendRaw(composeResponse(envelope, asked.rawId))
  }

  /** Leaves the server: pending requests are cancelled upstream and get `refusal`; subscriptions are given back. */
  close(refusal: Refusal): void {
    if (this.closed) return
    this.closed = true
    const { upstream } = this
    upstream.links.delete(this)
    for (const call of this.pending()) {
      upstream.abandon(call, 'The session ended.')
      call.fail('lost', refusal)
    }
    for (const [token, entry] of upstream.taskTokens)
      if (entry.link === this) upstream.taskTokens.delete(token)
    if (upstream.gone || upstream.exclusive) return
    for (const uri of this.subscriptions) {
      if (!this.sharedWithOthers(uri)) upstream.ask('resources/unsubscribe', { uri }, 30_000).catch(() => {})
    }
  }
}

function refusedWhenShared(envelope: Envelope): Refusal | null {
  const { method } = envelope
  const isTask = (envelope.message.params as { task?: unknown } | undefined)?.task !== undefined
  if (method !== 'logging/setLevel' && !method.startsWith('tasks/') && !isTask) return null
  const what = method === 'logging/setLevel' ? 'The log level' : 'A task'
  return {
    code: codes.methodNotFound,
    message: `${what} is not available here: this server is shared between callers.`,
  }
}
