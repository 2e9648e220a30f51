import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import {
  haltedSentence,
  problem,
  samplesOf,
  type Actor,
  type Endpoint,
  type LogEvent,
} from '@berth/contracts'
import type { Database } from '../db/database.ts'
import type { Feed } from '../feed.ts'
import { mutate, type MutateContext } from '../mutate.ts'
import { notFound, Refusal } from '../problem.ts'
import { refuseOtherMethods } from './methods.ts'
import { claimKey, idempotentRequest, keepReply, Replay, type IdempotentRequest } from './idempotency.ts'
import { requestLimitOf } from './limits.ts'
import { FileReply, streaming, type RequestContext, type Route } from './implement.ts'
import { may, type Authenticator, type Principal } from './principal.ts'
import type { Recognize } from './recognize.ts'
import { openSse, type SseStream } from './sse.ts'

export interface RouteOptions {
  authenticator: Authenticator
  /** Who makes a request, found once for it. */
  recognize: Recognize
  mutateContext: MutateContext
  db: Database
  feed: Feed
  sealingKey: Buffer
  origins: () => ReadonlySet<string>
}

interface Caller {
  principal: Principal | null
  organizationId: string
}

const callers = new WeakMap<FastifyRequest, Caller>()

/** Registers the declared endpoints: access first, then validation, then the handler. */
export function registerRoutes(app: FastifyInstance, routes: Route[], options: RouteOptions): void {
  for (const route of routes) {
    const { endpoint } = route
    const add = (scope: FastifyInstance) =>
      scope.route({
        method: endpoint.method,
        url: endpoint.path,
        schema: schemaOf(endpoint),
        config: { signed: endpoint.signed ?? false },
        exposeHeadRoute: !endpoint.stream && !endpoint.file,
        onRequest: async (request) => {
          callers.set(request, await authorize(endpoint, request, options, options.recognize))
        },
        // Nothing sent is nothing said: whatever must be said is then asked for by its name.
        preValidation: async (request) => {
          if (endpoint.body && !endpoint.signed) request.body ??= {}
        },
        handler: (request, reply) => answer(route, request, reply, options),
      })
    if (endpoint.signed) void app.register(async (scope) => add(takingBytes(scope)))
    else add(app)
  }
  refuseOtherMethods(
    app,
    routes.map(({ endpoint }) => endpoint),
  )
}

/** What is signed is read as it came, whatever it says that it is. */
function takingBytes(scope: FastifyInstance): FastifyInstance {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  return scope
}

function schemaOf(endpoint: Endpoint): Record<string, unknown> {
  const { access } = endpoint
  const permission = access.kind === 'organization' ? access.permission : access.kind
  return {
    operationId: endpoint.id,
    summary: endpoint.summary,
    description: [endpoint.description, `Permission: \`${permission}\`.`].filter(Boolean).join('\n\n'),
    tags: [endpoint.tag],
    samples: samplesOf(endpoint),
    ...(endpoint.params ? { params: endpoint.params } : {}),
    ...(endpoint.query ? { querystring: endpoint.query } : {}),
    ...(endpoint.body ? { body: endpoint.body } : {}),
    ...(access.kind === 'public' ? { security: [] } : {}),
    ...(endpoint.idempotent ? { headers: z.looseObject({ 'idempotency-key': z.string().optional() }) } : {}),
    response: {
      ...(endpoint.stream || endpoint.file ? {} : { [endpoint.status]: endpoint.response ?? z.undefined() }),
      default: problem,
    },
  }
}

/** Who calls, and whether they may: 401 before any look-up, 404 for what they may not see, 403 for what they may not do. */
async function authorize(
  endpoint: Endpoint,
  request: FastifyRequest,
  options: RouteOptions,
  recognize: Recognize,
): Promise<Caller> {
  const { access } = endpoint
  if (access.kind === 'public') return { principal: null, organizationId: '' }
  const principal = await recognize(request)
  if (!principal)
    throw new Refusal('unauthenticated', 'Sign in, or send a token as `Authorization: Bearer …`.')
  refuseForeignOrigin(request, principal, options.origins())
  if (principal.mustVerify && !endpoint.unverified) throw new Refusal('email_unverified', verifyFirst)
  if (access.kind === 'user') return { principal, organizationId: '' }
  if (access.kind === 'platform') {
    if (!principal.platformRoles.has(access.role)) {
      throw new Refusal(
        'forbidden',
        `Only ${access.role === 'operator' ? 'an operator' : 'a reviewer'} may do this.`,
      )
    }
    return { principal, organizationId: '' }
  }
  const organizationId = await organizationOf(request, principal, options.authenticator)
  if (!may(principal, organizationId, access.permission)) {
    const halted = principal.halted.get(organizationId)
    if (halted) throw new Refusal('forbidden', haltedSentence[halted])
    throw new Refusal(
      'forbidden',
      `This needs the permission ${access.permission}, which you do not have here.`,
    )
  }
  refuseBeyondToken(request.params as Record<string, string>, principal)
  return { principal, organizationId }
}

const verifyFirst =
  'Confirm your e-mail address first: open the link in the letter that was sent there, or ask for another one.'

/** A token bound to a workspace, or to some deployments, does not see the others. */
function refuseBeyondToken(params: Record<string, string>, principal: Principal): void {
  const { workspaceId, deploymentId } = params
  if (workspaceId && principal.workspaceId && workspaceId !== principal.workspaceId) {
    throw notFound('workspace')
  }
  if (deploymentId && principal.allowedDeployments && !principal.allowedDeployments.has(deploymentId)) {
    throw notFound('deployment')
  }
}

async function organizationOf(request: FastifyRequest, principal: Principal, authenticator: Authenticator) {
  const { params, query } = request as { params: Record<string, string>; query: Record<string, unknown> }
  const ref = params['organizationId'] ?? query['organizationId']
  if (typeof ref !== 'string' || ref === '') {
    throw new Refusal('invalid_input', 'organizationId: name an organization by id or slug.', {
      errors: [{ path: 'organizationId', message: 'is required' }],
    })
  }
  const id = principal.permissions.has(ref) ? ref : await authenticator.resolveOrganization(ref)
  if (!id || !principal.permissions.has(id)) throw notFound('organization')
  return id
}

/** A cookie goes along by itself, so changes made with it must come from our own pages. */
function refuseForeignOrigin(
  request: FastifyRequest,
  principal: Principal,
  origins: ReadonlySet<string>,
): void {
  if (principal.via !== 'cookie' || request.method === 'GET') return
  const origin = request.headers.origin
  if (origin && origins.has(origin)) return
  throw new Refusal('foreign_origin', 'This request does not come from a page of this server.')
}

async function answer(route: Route, request: FastifyRequest, reply: FastifyReply, options: RouteOptions) {
  const { endpoint } = route
  const context = contextOf(endpoint, request, reply, options)
  try {
    const { params, query, body } = request as { params: unknown; query: unknown; body: unknown }
    const result = await route.handle(context, { params, query, body } as never)
    if (result === streaming) return reply
    if (result instanceof FileReply) {
      const disposition = `attachment; filename="${result.name}"`
      const headers = {
        'content-type': endpoint.file,
        'content-disposition': disposition,
        'cache-control': 'no-store',
      }
      return await reply.status(endpoint.status).headers(headers).send(result.body)
    }
    return await reply.status(endpoint.status).send(endpoint.response ? result : undefined)
  } catch (error) {
    if (!(error instanceof Replay)) throw error
    return await reply.status(endpoint.status).header('idempotency-replayed', 'true').send(error.reply)
  }
}

function contextOf(
  endpoint: Endpoint,
  request: FastifyRequest,
  reply: FastifyReply,
  options: RouteOptions,
): RequestContext {
  const { principal, organizationId } = callers.get(request)!
  const origin = { actor: actorOf(principal), requestId: request.id }
  return {
    get principal(): Principal {
      if (!principal) throw new Error('a public endpoint has no principal')
      return principal
    },
    organizationId,
    requestId: request.id,
    address: request.ip,
    headers: request.headers,
    origin,
    get requestLimit() {
      return requestLimitOf(reply)
    },
    db: options.db,
    mutate: (work) => {
      const key = principal ? idempotencyOf(endpoint, request, principal) : null
      if (!key) return mutate(options.mutateContext, origin, work)
      return mutate(options.mutateContext, origin, async (tx) => {
        await claimKey(tx, options.sealingKey, key)
        const result = await work(tx)
        await keepReply(tx, options.sealingKey, key, result)
        return result
      })
    },
    stream: (lastEventId) => {
      const anew: Recognize = (same) => options.authenticator.authenticate(same.headers)
      reply.hijack()
      // What was said so far, the request's id and limits among it, goes with the stream's own head.
      for (const [name, value] of Object.entries(reply.getHeaders())) reply.raw.setHeader(name, value!)
      const header = request.headers['last-event-id']
      const sse = openSse(reply.raw, {
        lastEventId: typeof header === 'string' ? header : lastEventId,
        stillAllowed: async () => authorize(endpoint, request, options, anew).then(Boolean, () => false),
      })
      sse.onClose(options.feed.subscribe((events) => recheckAfter(events, sse)))
      return sse
    },
  }
}

/** Events after which somebody may have lost the right to read on. */
const revocations = new Set([
  'token.revoked',
  'session.revoked',
  'member.removed',
  'member.role_changed',
  'user.disabled',
  'user.role_revoked',
  'organization.suspended',
  'organization.closed',
])

function recheckAfter(events: LogEvent[], sse: SseStream): void {
  if (events.some((event) => revocations.has(event.type))) sse.recheck()
}

function actorOf(principal: Principal | null): Actor {
  if (!principal) return { kind: 'system', id: 'api', tokenId: null }
  return { kind: principal.kind, id: principal.id, tokenId: principal.tokenId }
}

function idempotencyOf(
  endpoint: Endpoint,
  request: FastifyRequest,
  principal: Principal,
): IdempotentRequest | null {
  const key = request.headers['idempotency-key']
  if (!endpoint.idempotent || typeof key !== 'string') return null
  const { params, query, body } = request as { params: unknown; query: unknown; body: unknown }
  return idempotentRequest(principal.id, key, { id: endpoint.id, params, query, body })
}
