import swagger from '@fastify/swagger'
import scalar from '@scalar/fastify-api-reference'
import type { FastifyInstance } from 'fastify'
import type { Sample } from '@berth/contracts'
import { jsonSchemaTransform } from 'fastify-type-provider-zod'

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
      security: [{ bearer: [] }, { session: [] }],
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            description: 'An API token, a service token or a sign-in',
          },
          session: { type: 'apiKey', in: 'cookie', name: 'berth.session_token' },
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
  await app.register(scalar, {
    routePrefix: '/docs/api',
    configuration: { url: '/api/openapi.json', telemetry: false, withDefaultFonts: false },
  })
}
