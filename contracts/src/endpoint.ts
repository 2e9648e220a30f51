import type { z } from 'zod'
import type { Example } from './samples.ts'
import type { Permission, PlatformRole } from './permissions.ts'
import type { Tag } from './tags.ts'

/**
 * Who may use an endpoint. `organization` endpoints carry `:organizationId` in their path (or query): the caller
 * must be able to see that organization (else 404) and hold the permission in it (else 403).
 */
export type Access =
  | { kind: 'public' }
  | { kind: 'user' }
  | { kind: 'organization'; permission: Permission }
  | { kind: 'platform'; role: PlatformRole }

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

type AnySchema = z.ZodType

/** One operation of the HTTP API as a value: the server implements it, clients and the OpenAPI document read it. */
export interface Endpoint<
  P extends AnySchema = AnySchema,
  Q extends AnySchema = AnySchema,
  B extends AnySchema = AnySchema,
  R extends AnySchema = AnySchema,
> {
  id: string
  method: Method
  path: string
  summary: string
  description?: string
  tag: Tag
  access: Access
  /** Open also to a person who has to confirm their e-mail address first. */
  unverified?: true
  params?: P
  query?: Q
  body?: B
  status: number
  response?: R
  /** `sse`: the answer is a stream of server-sent events, each `data` a value of `response`. */
  stream?: boolean
  /** The answer is a file of this media type, sent as it is made. */
  file?: string
  /**
   * Whoever sends it is known by a signature over the body, which the handler takes as bytes of whatever type. Only what is
   * refused counts against the limit of requests.
   */
  signed?: boolean
  /** POSTs that create or cost something accept an `Idempotency-Key`. */
  idempotent?: boolean
  /** What the documentation's samples send. */
  example?: Example
}

export function endpoint<
  P extends AnySchema = z.ZodUndefined,
  Q extends AnySchema = z.ZodUndefined,
  B extends AnySchema = z.ZodUndefined,
  R extends AnySchema = z.ZodUndefined,
>(spec: Omit<Endpoint<P, Q, B, R>, 'status'> & { status?: number }): Endpoint<P, Q, B, R> {
  return { ...spec, status: spec.status ?? (spec.response ? 200 : 204) }
}

type Part<K extends string, S, IO extends 'in' | 'out'> = S extends z.ZodUndefined
  ? { [k in K]?: undefined }
  : { [k in K]: IO extends 'in' ? z.input<S> : z.output<S> }

/** What a caller gives. */
export type EndpointInput<E> =
  E extends Endpoint<infer P, infer Q, infer B, AnySchema>
    ? Part<'params', P, 'in'> & Part<'query', Q, 'in'> & Part<'body', B, 'in'>
    : never

/** What a handler receives, validated. */
export type EndpointRequest<E> =
  E extends Endpoint<infer P, infer Q, infer B, AnySchema>
    ? Part<'params', P, 'out'> & Part<'query', Q, 'out'> & Part<'body', B, 'out'>
    : never

/** What a caller gets back. */
export type EndpointOutput<E> =
  E extends Endpoint<AnySchema, AnySchema, AnySchema, infer R>
    ? R extends z.ZodUndefined
      ? undefined
      : z.output<R>
    : never

/** What a handler returns. */
export type EndpointReply<E> =
  E extends Endpoint<AnySchema, AnySchema, AnySchema, infer R>
    ? R extends z.ZodUndefined
      ? void
      : z.input<R>
    : never
