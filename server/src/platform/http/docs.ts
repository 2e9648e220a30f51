import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

const folder = path.resolve(import.meta.dirname, '../../../../docs/dist')
const start = '/docs'

/** The documentation site at /docs, where it was built. The API's reference stays at /docs/api. */
export function registerDocs(app: FastifyInstance): void {
  if (!existsSync(path.join(folder, 'index.html'))) return
  void app.register(async (scope) => {
    scope.addHook('onRequest', async (_request, reply) => {
      allowItsScripts(reply)
    })
    await scope.register(fastifyStatic, {
      root: folder,
      prefix: `${start}/`,
      decorateReply: false,
      cacheControl: false,
      setHeaders: (response, file) => {
        const lasting = file.includes(`${path.sep}_astro${path.sep}`)
        response.header('cache-control', lasting ? 'public, max-age=31536000, immutable' : 'no-cache')
      },
    })
    scope.get(start, { schema: { hide: true } }, (_request, reply) => sendPage(reply, 'index.html'))
  })
}

/** Answers a request for a page of the documentation that there is not; false: it is none of the site's. */
export function sendDocsNotFound(request: FastifyRequest, reply: FastifyReply): boolean {
  const asked = request.method === 'GET' && request.url.startsWith(`${start}/`)
  if (!asked || !existsSync(path.join(folder, '404.html'))) return false
  allowItsScripts(reply)
  void sendPage(reply.status(404), '404.html')
  return true
}

function sendPage(reply: FastifyReply, name: string): FastifyReply {
  const page = readFileSync(path.join(folder, name))
  return reply.header('cache-control', 'no-cache').type('text/html; charset=utf-8').send(page)
}

/**
 * The pages begin with small scripts of their own, and the search is a WebAssembly program: just those are allowed, by
 * the hashes that were taken when the site was built.
 */
function allowItsScripts(reply: FastifyReply): void {
  const hashes = JSON.parse(readFileSync(path.join(folder, 'inline-scripts.json'), 'utf8')) as string[]
  const policy = String(reply.getHeader('content-security-policy'))
  reply.header(
    'content-security-policy',
    policy.replace("script-src 'self'", `script-src 'self' 'wasm-unsafe-eval' ${hashes.join(' ')}`),
  )
}
