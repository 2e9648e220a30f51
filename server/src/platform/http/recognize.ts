import type { FastifyRequest } from 'fastify'
import type { Authenticator, Principal } from './principal.ts'

/** Who makes a request; null: no credential, or one that does not hold. */
export type Recognize = (request: FastifyRequest) => Promise<Principal | null>

/** Asks the authenticator once for each request, whoever wants to know. */
export function createRecognizer(authenticator: Authenticator): Recognize {
  const found = new WeakMap<FastifyRequest, Promise<Principal | null>>()
  return (request) => {
    let principal = found.get(request)
    if (!principal) found.set(request, (principal = authenticator.authenticate(request.headers)))
    return principal
  }
}
