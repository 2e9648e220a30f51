/** One request on its way: what the upstream needs to know of it, and where its answer goes. */
import type { Link } from './link.ts'
import type { ServerMessage } from './routing.ts'
import { UpstreamError } from './jsonrpc.ts'
import type { Outcome, Refusal } from './types.ts'

export abstract class Call {
  /** The id the server knows. */
  upstreamId: number | string = 0
  /** The session's link; null for the relay's own requests. */
  link: Link | null = null
  readonly method: string
  /** JSON text of the client's id; empty for the relay's own. */
  readonly rawId: string
  /** JSON text of the client's progress token. */
  rawToken: string | null = null
  /** A task-augmented request: its progress token outlives its answer. */
  task = false
  /** What a subscription or log level request is about. */
  subject: string | null = null
  /** `performance.now()` at arrival. */
  readonly startedAt = performance.now()

  constructor(method: string, rawId: string) {
    this.method = method
    this.rawId = rawId
  }

  /** A notification or server request that belongs to this call. False when it has no stream to carry it. */
  abstract message(text: string): boolean
  /** The one answer, under the client's id. */
  abstract answer(text: string, message: ServerMessage): void
  /** The one answer, made by the relay. */
  abstract fail(outcome: Outcome, refusal: Refusal): void
}

/** A request of the relay's own: initialize, ping, listing, unsubscribing. */
export class InternalCall extends Call {
  timer: NodeJS.Timeout | undefined
  private readonly resolve: (message: ServerMessage) => void
  private readonly reject: (error: UpstreamError) => void

  constructor(
    method: string,
    resolve: (message: ServerMessage) => void,
    reject: (error: UpstreamError) => void,
  ) {
    super(method, '')
    this.resolve = resolve
    this.reject = reject
  }

  message(): boolean {
    return false
  }

  answer(_text: string, message: ServerMessage): void {
    clearTimeout(this.timer)
    this.resolve(message)
  }

  fail(_outcome: Outcome, refusal: Refusal): void {
    clearTimeout(this.timer)
    this.reject(new UpstreamError(refusal.message, refusal.code))
  }
}
