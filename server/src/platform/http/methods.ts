import type { FastifyInstance } from 'fastify'
import { Refusal } from '../problem.ts'

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
type Method = (typeof methods)[number]

/** Answers 405 with `Allow` where a path is one of ours and the method is not. */
export function refuseOtherMethods(
  app: FastifyInstance,
  routes: Iterable<{ method: Method; path: string }>,
): void {
  for (const [path, own] of Map.groupBy(routes, (route) => route.path)) {
    const allowed = methods.filter((method) => own.some((route) => route.method === method))
    const others = methods.filter((method) => !allowed.includes(method))
    const sentence = `There is no ${path.replace(/:(\w+)/g, '{$1}')} with this method; use ${allowed.join(' or ')}.`
    app.route({
      method: others,
      url: path,
      schema: { hide: true },
      exposeHeadRoute: false,
      onRequest: async (_request, reply) => {
        reply.header('allow', allowed.join(', '))
        throw new Refusal('method_not_allowed', sentence)
      },
      handler: () => undefined,
    })
  }
}
