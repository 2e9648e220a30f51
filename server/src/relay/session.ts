/** A client's session: its parameters, its server, its streams. */
import type { ServerResponse } from 'node:http'
import { codes } from './jsonrpc.ts'
import type { Link, Peer } from './link.ts'
import { SessionStreams } from './streams.ts'
import type { InitializeParams, PersistedSession, RelayContext, SessionView } from './types.ts'
import type { Upstream } from './upstream.ts'

export interface SessionEvents<C extends RelayContext> {
  upstreamGone(session: Session<C>, upstream: Upstream): void
  stateChanged(session: Session<C>): void
}

export class Session<C extends RelayContext> implements SessionView, Peer {
  readonly id: string
  /** The context that opened it; requests bring their own. */
  readonly context: C
  readonly params: InitializeParams
  readonly openedAt = Date.now()
  lastSeenAt = this.openedAt
  /** Set after `initialize` was answered by the server. */
  protocolVersion = ''
  link: Link | null = null
  /** Requests admitted and not finished. */
  inFlight = 0
  closed = false
  /** While a new server is being found for it. */
  attaching: Promise<unknown> | null = null
  /** The last write of its row, while under way. */
  saving: Promise<void> | null = null
  /** What a new server has to be told again. */
  logLevel: string | null = null
  subscriptions: string[] = []
  private lazyStreams: SessionStreams | null = null
  private readonly events: SessionEvents<C>
  private readonly open: Set<ServerResponse>
  private readonly epoch: string

  constructor(
    id: string,
    context: C,
    params: InitializeParams,
    events: SessionEvents<C>,
    open: Set<ServerResponse>,
    epoch: string,
  ) {
    this.id = id
    this.context = context
    this.params = params
    this.events = events
    this.open = open
    this.epoch = epoch
  }

  get principal(): string {
    return this.context.principal
  }

  get scope(): string {
    return this.context.scope
  }

  get upstream(): Upstream | null {
    return this.link?.upstream ?? null
  }

  /** Most sessions never see an event: their streams are made when needed. */
  get streams(): SessionStreams {
    this.lazyStreams ??= new SessionStreams(this.epoch, () => this.protocolVersion >= '2025-11-25', this.open)
    return this.lazyStreams
  }

  expireEvents(before: number): void {
    this.lazyStreams?.expire(before)
  }

  get busy(): boolean {
    return this.inFlight > 0 || this.attaching !== null || (this.lazyStreams?.connected ?? false)
  }

  deliver(text: string): void {
    if (!this.closed) this.streams.push(this.streams.own, text)
  }

  get listening(): boolean {
    return this.lazyStreams?.own.res != null
  }

  upstreamGone(sentence: string): void {
    const { link } = this
    if (!link) return
    this.keepState()
    link.close({ code: codes.serverGone, message: sentence })
    this.link = null
    this.events.upstreamGone(this, link.upstream)
  }

  stateChanged(): void {
    this.keepState()
    this.events.stateChanged(this)
  }

  private keepState(): void {
    if (!this.link) return
    this.logLevel = this.link.logLevel
    this.subscriptions = [...this.link.subscriptions]
  }

  persisted(): PersistedSession {
    const { id, principal, scope, params, protocolVersion, logLevel, subscriptions } = this
    return { id, principal, scope, params, protocolVersion, logLevel, subscriptions }
  }

  end(): void {
    this.closed = true
    this.lazyStreams?.endAll()
    this.lazyStreams = null
  }
}
