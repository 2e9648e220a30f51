import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import cookie from '@fastify/cookie'
import helmet from '@fastify/helmet'
import underPressure from '@fastify/under-pressure'
import fastify, { LogController, type FastifyInstance, type FastifyRequest } from 'fastify'
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { faultWords } from '@berth/contracts'
import { newId } from '../ids.ts'
import type { Logger } from '../logger.ts'
import type { Metrics } from '../metrics.ts'
import { limitRequests, maxBodyBytes } from './limits.ts'
import type { Principal } from './principal.ts'
import { sendProblem, toRefusal } from './problems.ts'

// What a body, query or path has to be is told in Berth's own words, wherever a schema has none of its own.
z.config({ customError: faultWords })

export interface HttpOptions {
  logger: Logger
  metrics: Metrics
  trustProxy: boolean
  /** Hosts that requests may name; null: any. */
  hosts: () => ReadonlySet<string> | null
  /** Requests a minute and caller; 0: no limit. */
  requestsPerMinute: number
  /** Who makes a request; null: nobody known. */
  recognize: (request: FastifyRequest) => Promise<Principal | null>
  /** Takes requests before Fastify sees them (the gateway's hot path); false: not mine. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean
}

declare module 'fastify' {
  interface FastifyRequest {
    startedAt: number
  }
}

/** The HTTP server with what every request gets: an id, limits, safe headers, problems as answers, metrics. */
export async function createHttp(options: HttpOptions): Promise<FastifyInstance> {
  const app = fastify({
    loggerInstance: options.logger as never,
    logController: new LogController({ disableRequestLogging: true }),
    // One proxy: what stands before the address it saw itself, anybody may have written.
    trustProxy: options.trustProxy && ((_address, hop) => hop === 0),
    genReqId: () => newId('request'),
    bodyLimit: maxBodyBytes,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 200 },
    forceCloseConnections: true,
    frameworkErrors: (error, request, reply) => {
      reply.header('x-request-id', request.id)
      sendProblem(reply, toRefusal(error), request.id)
    },
    serverFactory: (handler) => interceptingServer(handler, options),
  }) as unknown as FastifyInstance
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler((error, request, reply) => {
    const refusal = toRefusal(error)
    if (refusal.status >= 500) request.log.error({ err: error }, 'a request failed')
    return sendProblem(reply, refusal, request.id)
  })
  app.addHook('onRequest', async (request, reply) => {
    request.startedAt = performance.now()
    reply.header('x-request-id', request.id)
    refuseForeignHost(request.headers.host, options.hosts())
  })
  app.addHook('onResponse', async (request, reply) => {
    const seconds = (performance.now() - request.startedAt) / 1000
    const route = request.routeOptions.url ?? 'unmatched'
    options.metrics.httpSeconds.observe({ method: request.method, route, status: reply.statusCode }, seconds)
    request.log.debug(
      { method: request.method, route, status: reply.statusCode, ms: seconds * 1000 },
      'request',
    )
  })
  await app.register(cookie)
  await app.register(underPressure, {
    maxEventLoopDelay: 2000,
    pressureHandler: () => {
      throw toRefusal(Object.assign(new Error('overloaded'), { statusCode: 503 }))
    },
  })
  await app.register(helmet, {
    contentSecurityPolicy: {
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        mediaSrc: ["'self'", 'data:'],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        workerSrc: ["'self'"],
        objectSrc: ["'none'"],
        frameAncestors: ["'none'"],
        upgradeInsecureRequests: null,
      },
    },
    hsts: false,
    referrerPolicy: { policy: 'no-referrer' },
  })
  if (options.requestsPerMinute > 0) await limitRequests(app, options)
  return app
}

function interceptingServer(
  handler: (req: IncomingMessage, res: ServerResponse) => void,
  options: HttpOptions,
): Server {
  const server = createServer(
    { keepAliveTimeout: 65_000, requestTimeout: 0, headersTimeout: 30_000 },
    (req, res) => {
      if (!options.intercept(req, res)) handler(req, res)
    },
  )
  return server
}

/** Answers only to its own names, so that a page elsewhere cannot reach it by rebinding its host name. */
function refuseForeignHost(host: string | undefined, hosts: ReadonlySet<string> | null): void {
  if (!hosts || (host && hosts.has(host.toLowerCase()))) return
  throw toRefusal(Object.assign(new Error('foreign host'), { code: 'BERTH_FOREIGN_HOST' }))
}
