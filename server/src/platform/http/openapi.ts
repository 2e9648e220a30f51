import swagger from '@fastify/swagger'
import scalar from '@scalar/fastify-api-reference'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { tags, type Sample } from '@berth/contracts'
import { jsonSchemaTransform } from 'fastify-type-provider-zod'
import { sha256 } from '../crypto.ts'

/** The OpenAPI 3.1 document of the registered routes at /api/openapi.json, and the reference page at /docs/api. */
export async function registerOpenApi(app: FastifyInstance, options: { version: string }): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Berth',
        version: options.version,
        description: 'Runs third-party MCP servers for organizations that have to answer for them.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      externalDocs: { url: '/docs/', description: 'Documentation' },
      tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
      security: [{ bearer: [] }, { session: [] }],
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            description: 'An API token, a service token or a sign-in',
          },
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: 'berth.session_token',
            description: 'Behind https the name begins with `__Secure-`.',
          },
        },
      },
    },
    transform: (input) => {
      const { schema, url } = jsonSchemaTransform(input)
      const samples = (input.schema as { samples?: Sample[] } | undefined)?.samples
      return { schema: samples ? { ...schema, 'x-codeSamples': samples } : schema, url }
    },
  })
  app.get('/api/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  app.addHook('onSend', async (request, reply, payload) => {
    const isPage = String(reply.getHeader('content-type')).startsWith('text/html')
    if (!isPage || !request.url.startsWith(referencePage) || typeof payload !== 'string') return payload
    reply.header('content-security-policy', allowInlineScripts(reply, payload))
    return payload.replace('</head>', `<link rel="stylesheet" href="${looks}"></head>`)
  })
  await app.register(scalar, {
    routePrefix: referencePage,
    configuration: {
      url: '/api/openapi.json',
      // Nothing on this page leaves the machine.
      telemetry: false,
      withDefaultFonts: false,
      theme: 'none',
      agent: { disabled: true },
      mcp: { disabled: true },
      hideClientButton: true,
      hiddenClients: true,
      ...toolbarOff,
    },
  })
}

const referencePage = '/docs/api'

/** Made with the documentation, so that the page looks like the rest. */
const looks = '/docs/reference.css'

/** Known to the page, not to its types. */
const toolbarOff: object = { showToolbar: 'never' }

/** The reference page configures itself in a script of its own: just that one is allowed, by its hash. */
function allowInlineScripts(reply: FastifyReply, html: string): string {
  const scripts = [...html.matchAll(/<script(?![^>]*\bsrc=)[^>]*>([\s\S]*?)<\/script>/g)].map(
    (match) => match[1]!,
  )
  const hashes = scripts.map((script) => `'sha256-${sha256(script).toString('base64')}'`)
  const policy = String(reply.getHeader('content-security-policy'))
  return policy.replace("script-src 'self'", `script-src 'self' ${hashes.join(' ')}`)
}
