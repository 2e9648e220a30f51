/** The sessions of one process: opening, finding, restoring, re-attaching, closing. */
import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { codes, negotiateVersion, UpstreamError } from './jsonrpc.ts'
import { Session } from './session.ts'
import type { SessionEvents } from './session.ts'
import type {
  AcquireReason,
  CloseReason,
  InitializeParams,
  PersistedSession,
  Refusal,
  RelayContext,
  RelayHooks,
} from './types.ts'
import { Upstream } from './upstream.ts'
import type { InitializeResult } from './upstream.ts'
import { unknownSession } from './http.ts'

export class SessionTable<C extends RelayContext> implements SessionEvents<C> {
  readonly sessions = new Map<string, Session<C>>()
  /** Every open event stream of the endpoint. */
  readonly openStreams = new Set<ServerResponse>()
  private readonly restoring = new Map<string, Promise<Session<C> | Refusal>>()
  private readonly hooks: RelayHooks<C>
  private readonly epoch = randomBytes(4).toString('hex')

  constructor(hooks: RelayHooks<C>) {
    this.hooks = hooks
  }

  /** The caller's own session in this process, or why it may not have it; null when the id is unknown here. */
  find(id: string, context: C): Session<C> | Refusal | null {
    const session = this.sessions.get(id)
    if (!session) return null
    return owns(session, context) ? session : unknownSession()
  }

  /** Opens a session: finds it a server and initialises that. Throws UpstreamError when the server fails. */
  async open(
    context: C,
    params: InitializeParams,
  ): Promise<{ session: Session<C>; result: InitializeResult } | Refusal> {
    const session = this.create(randomBytes(24).toString('base64url'), context, params)
    const result = await this.attach(session, context, 'initialize')
    if (!('protocolVersion' in result)) return result
    this.sessions.set(session.id, session)
    try {
      await this.hooks.persistSession?.(context, session.persisted())
    } catch (error) {
      this.close(session, 'server-gone', sessionEnded)
      throw error
    }
    return { session, result }
  }

  /** Brings back a session that another process (or an earlier life of this one) had. */
  restore(id: string, context: C): Promise<Session<C> | Refusal> {
    // By owner too: whoever else tries the id must not spoil it for its owner.
    const key = JSON.stringify([id, context.principal, context.scope])
    let restored = this.restoring.get(key)
    if (!restored) {
      restored = this.bringBack(id, context).finally(() => this.restoring.delete(key))
      this.restoring.set(key, restored)
    }
    return restored
  }

  private async bringBack(id: string, context: C): Promise<Session<C> | Refusal> {
    const row: PersistedSession | null = (await this.hooks.lookupSession?.(context, id)) ?? null
    if (!row || !owns(row, context)) return unknownSession()
    const session = this.create(id, context, row.params)
    session.protocolVersion = row.protocolVersion
    session.logLevel = row.logLevel
    session.subscriptions = row.subscriptions
    const result = await this.attach(session, context, 'restore')
    if (!('protocolVersion' in result)) return result
    this.sessions.set(id, session)
    return session
  }

  private create(id: string, context: C, params: InitializeParams): Session<C> {
    return new Session(id, context, params, this, this.openStreams, this.epoch)
  }

  /** Gives a session whose server died a new one. Resolves null when it has one. */
  async reattach(session: Session<C>, context: C): Promise<Refusal | null> {
    if (session.link) return null
    session.attaching ??= this.attach(session, context, 'reattach').finally(() => {
      session.attaching = null
    })
    const result = (await session.attaching) as InitializeResult | Refusal
    if ('protocolVersion' in result) return null
    if (result.httpStatus === 404) this.close(session, 'server-gone', sessionEnded)
    return result
  }

  private async attach(
    session: Session<C>,
    context: C,
    reason: AcquireReason,
  ): Promise<InitializeResult | Refusal> {
    const { id: sessionId, params } = session
    const upstream = await this.hooks.acquire(context, { reason, sessionId, params })
    if (!(upstream instanceof Upstream)) return upstream ?? unknownSession()
    try {
      const link = upstream.attach(session)
      session.link = link
      const result = await upstream.initialize(upstreamParams(params))
      if (session.closed || session.link !== link)
        throw new UpstreamError('The session ended while its server started.')
      session.protocolVersion ||= negotiateVersion(params.protocolVersion, result.protocolVersion)
      if (reason !== 'initialize') await repeatState(session, upstream)
      return result
    } catch (error) {
      session.link?.close(sessionEnded)
      session.link = null
      this.hooks.release(upstream, sessionId)
      throw error
    }
  }

  /** Ends a session: pending requests get `refusal`, streams end, the server is released. */
  close(session: Session<C>, reason: CloseReason, refusal: Refusal): void {
    if (session.closed) return
    const { link } = session
    link?.close(refusal)
    session.link = null
    session.end()
    this.sessions.delete(session.id)
    if (link) this.hooks.release(link.upstream, session.id)
    // A row written late must not outlive its session.
    if (session.saving) void session.saving.then(() => this.hooks.sessionClosed?.(session, reason))
    else this.hooks.sessionClosed?.(session, reason)
  }

  /** The session stays: its next request asks for a new server. */
  upstreamGone(session: Session<C>, upstream: Upstream): void {
    if (this.sessions.has(session.id) && !session.attaching) this.hooks.release(upstream, session.id)
  }

  stateChanged(session: Session<C>): void {
    if (!this.sessions.has(session.id)) return
    const saving = (session.saving ?? Promise.resolve())
      .then(() => this.hooks.persistSession?.(session.context, session.persisted()))
      .catch(() => {})
      .finally(() => {
        if (session.saving === saving) session.saving = null
      })
    session.saving = saving
  }
}

export const sessionEnded: Refusal = { code: codes.serverGone, message: 'The session ended.' }

function owns(owner: { principal: string; scope: string }, context: RelayContext): boolean {
  return owner.principal === context.principal && owner.scope === context.scope
}

/** A version this relay does not serve is not offered to the server either. */
function upstreamParams(params: InitializeParams): InitializeParams {
  const version = negotiateVersion(params.protocolVersion, '9999')
  return version === params.protocolVersion ? params : { ...params, protocolVersion: version }
}

/** Tells a new server what the client had told the former one. */
async function repeatState<C extends RelayContext>(session: Session<C>, upstream: Upstream): Promise<void> {
  upstream.markInitialized()
  const { link } = session
  if (!link) return
  if (session.logLevel !== null && upstream.isolation !== 'shared') {
    link.logLevel = session.logLevel
    await upstream.ask('logging/setLevel', { level: session.logLevel }, 30_000)
  }
  for (const uri of session.subscriptions) {
    link.subscriptions.add(uri)
    await upstream.ask('resources/subscribe', { uri }, 30_000)
  }
}
