import type { Readable } from 'node:stream'
import type { Endpoint, EndpointReply, EndpointRequest, RequestLimit } from '@berth/contracts'
import type { Database } from '../db/database.ts'
import type { Origin, Tx } from '../mutate.ts'
import type { Principal } from './principal.ts'
import type { SseStream } from './sse.ts'

/** What a handler knows about the request it answers. */
export interface RequestContext {
  /** Throws on a public endpoint: only there is nobody known. */
  readonly principal: Principal
  /** The organization of the path or query, authorized; empty where the endpoint has none. */
  readonly organizationId: string
  readonly requestId: string
  readonly address: string
  readonly headers: Record<string, string | string[] | undefined>
  readonly origin: Origin
  /** How many requests the caller may make; null: they are not limited. */
  readonly requestLimit: RequestLimit | null
  readonly db: Database
  /**
   * The unit of work. With an `Idempotency-Key`, what it returns is kept and given again, so an endpoint that
   * accepts one replies with exactly what its one unit of work returns.
   */
  mutate<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  /** Turns the answer into server-sent events; closed when the caller goes or is no longer allowed. */
  stream(lastEventId?: string): SseStream
}

/** What a handler of a stream returns: the answer is already under way. */
export const streaming: unique symbol = Symbol('streaming')
export type Streaming = typeof streaming

/** What a handler of a file returns: its name and its bytes as they are made. */
export class FileReply {
  readonly name: string
  readonly body: Readable
  constructor(name: string, body: Readable) {
    this.name = name
    this.body = body
  }
}

export type Handler<E> = (
  context: RequestContext,
  request: EndpointRequest<E>,
) => Promise<EndpointReply<E> | Streaming | FileReply>

/** One handler for each declared endpoint: a missing one does not compile. */
export type Handlers<T> = { [K in keyof T]: Handler<T[K]> }

export interface Route {
  endpoint: Endpoint
  handle(context: RequestContext, request: never): Promise<unknown>
}

export function implement<T extends Record<string, Endpoint>>(endpoints: T, handlers: Handlers<T>): Route[] {
  return Object.entries(endpoints).map(([name, endpoint]) => ({
    endpoint,
    handle: handlers[name as keyof T] as Route['handle'],
  }))
}
