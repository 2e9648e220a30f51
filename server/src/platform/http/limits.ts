import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { RequestLimit } from '@berth/contracts'
import { Refusal } from '../problem.ts'
import type { Principal } from './principal.ts'

/** The largest body of a request to the API. */
export const maxBodyBytes = 1024 * 1024

const windowSeconds = 60

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
  // Before access is decided, so that tries with made-up tokens count for the address they come from.
  app.addHook('onRequest', async (request, reply) => {
    // By the route too: `/%61pi/me` is one of the API's addresses as well.
    const isApi = [request.url, request.routeOptions.url].some((url) => url?.startsWith('/api/'))
    if (isApi) await limit.call(app, request, reply)
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
