import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { RequestLimit } from '@berth/contracts'
import { Refusal } from '../problem.ts'
import type { Principal } from './principal.ts'

/** The largest body of a request to the API. */
export const maxBodyBytes = 1024 * 1024

const windowSeconds = 60

/** As many signed requests of an address as may be refused in a minute before none of it is read any more. */
const refusedAtMost = 60

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Known by its signature: see `Endpoint.signed`. */
    signed?: boolean
  }
}

/**
 * Counts requests by caller, or by address while nobody is recognised. Every answer says how many are left, in the
 * headers of draft-ietf-httpapi-ratelimit-headers.
 */
export async function limitRequests(
  app: FastifyInstance,
  options: {
    requestsPerMinute: number
    recognize: (request: FastifyRequest) => Promise<Principal | null>
  },
): Promise<void> {
  await app.register(rateLimit, {
    global: false,
    max: options.requestsPerMinute,
    timeWindow: windowSeconds * 1000,
    enableDraftSpec: true,
    keyGenerator: async (request) => (await options.recognize(request))?.id ?? request.ip,
    errorResponseBuilder: (_request, { max, ttl }) =>
      new Refusal(
        'rate_limited',
        `All ${max} requests of this minute are used; try again in ${Math.ceil(ttl / 1000)} s.`,
      ),
  })
  const limit = app.rateLimit()
  limitRefused(app, Math.min(refusedAtMost, options.requestsPerMinute))
  // Before access is decided, so that tries with made-up tokens count for the address they come from.
  app.addHook('onRequest', async (request, reply) => {
    // By the route too: `/%61pi/me` is one of the API's addresses as well.
    const isApi = [request.url, request.routeOptions.url].some((url) => url?.startsWith('/api/'))
    if (isApi && !request.routeOptions.config.signed) await limit.call(app, request, reply)
  })
}

/** Whoever signs may send as much as they like; who only tries to is soon not read any more. */
function limitRefused(app: FastifyInstance, max: number): void {
  let refused = new Map<string, number>()
  let ends = 0
  app.addHook('onRequest', async (request) => {
    if (!request.routeOptions.config.signed) return
    const now = performance.now()
    if (now >= ends) [refused, ends] = [new Map(), now + windowSeconds * 1000]
    if ((refused.get(request.ip) ?? 0) < max) return
    const retryAfterSeconds = Math.ceil((ends - now) / 1000)
    throw new Refusal(
      'rate_limited',
      `${max} requests of this address were refused within a minute; try again in ${retryAfterSeconds} s.`,
      { retryAfterSeconds },
    )
  })
  app.addHook('onResponse', async ({ routeOptions, ip }, { statusCode }) => {
    if (!routeOptions.config.signed || statusCode < 400 || statusCode >= 500) return
    // An address that is not counted any more is one of so many that the count does not hold them off anyway.
    if (refused.size < 100_000 || refused.has(ip)) refused.set(ip, (refused.get(ip) ?? 0) + 1)
  })
}

/** How many requests the caller of this one has left; null: they are not limited. */
export function requestLimitOf(reply: FastifyReply): RequestLimit | null {
  const limit = Number(reply.getHeader('ratelimit-limit'))
  if (!limit) return null
  const left = Number(reply.getHeader('ratelimit-remaining'))
  const resetsInSeconds = Number(reply.getHeader('ratelimit-reset'))
  return { limit, used: limit - left, left, windowSeconds, resetsInSeconds }
}
