import { existsSync } from 'node:fs'
import path from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { sql } from 'kysely'
import type { Platform } from '../platform.ts'
import { Refusal } from '../problem.ts'
import { isLoopback } from '../config.ts'
import { version } from '../version.ts'
import { registerDocs, sendDocsNotFound } from './docs.ts'
import { sendProblem } from './problems.ts'

const consoleFolder = path.resolve(import.meta.dirname, '../../../../console/dist')
const notPages = ['/api/', '/mcp/', '/docs/', '/metrics', '/healthz', '/readyz']

/** Health, metrics, the documentation, and the console's pages. */
export function registerPages(app: FastifyInstance, platform: Platform): void {
  app.get('/healthz', { schema: { hide: true } }, async () => ({ status: 'ok', version }))

  app.get('/readyz', { schema: { hide: true } }, async (_request, reply) => {
    const database = await sql`select 1`.execute(platform.db).then(
      () => true,
      () => false,
    )
    const feed = platform.feed.isFresh()
    return reply.status(database && feed ? 200 : 503).send({ database, feed })
  })

  app.get('/metrics', { schema: { hide: true } }, async (request, reply) => {
    if (!isFromHere(request)) {
      throw new Refusal('forbidden', 'Metrics are given to this machine only; scrape them from here.')
    }
    return reply.type(platform.metrics.registry.contentType).send(await platform.metrics.registry.metrics())
  })

  registerDocs(app)

  const built = existsSync(path.join(consoleFolder, 'index.html'))
  if (built) {
    void app.register(fastifyStatic, {
      root: consoleFolder,
      wildcard: false,
      cacheControl: false,
      setHeaders: (response, file) => {
        const lasting = file.includes(`${path.sep}assets${path.sep}`)
        response.header('cache-control', lasting ? 'public, max-age=31536000, immutable' : 'no-cache')
      },
    })
  }
  app.setNotFoundHandler((request, reply) => {
    const page = built && request.method === 'GET' && !notPages.some((start) => request.url.startsWith(start))
    if (page) return reply.sendFile('index.html')
    if (sendDocsNotFound(request, reply)) return reply
    const refusal = new Refusal(
      'not_found',
      `There is nothing at ${request.method} ${request.url.split('?')[0]}.`,
    )
    return sendProblem(reply, refusal, request.id)
  })
}

/** From this machine itself, and not through a proxy on it. */
function isFromHere({ socket, headers }: FastifyRequest): boolean {
  const passedOn = headers['x-forwarded-for'] ?? headers['forwarded'] ?? headers['via']
  return passedOn === undefined && isLoopback((socket.remoteAddress ?? '').replace(/^::ffff:/, ''))
}
