import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { displayName, idOf, slug, timestamp } from './ids.ts'
import { pageOf, pageQuery } from './pagination.ts'
import { surface } from './surface.ts'

export const sha256 = z.string().regex(/^sha256:[0-9a-f]{64}$/)

export const npmArtifact = z.object({
  kind: z.literal('npm'),
  package: z
    .string()
    .regex(/^(?:@[a-z0-9-~][a-z0-9-._~]*\/)?[a-z0-9-~][a-z0-9-._~]*$/, 'must be the name of an npm package'),
  version: z
    .string()
    .regex(/^\d+\.\d+\.\d+(?:[-+][0-9A-Za-z-.]+)*$/, 'must be an exact version such as 1.2.3'),
  integrity: z
    .string()
    .regex(/^sha512-[A-Za-z0-9+/]{86}==$/, 'must be an npm integrity that starts with "sha512-"'),
  bin: z
    .string()
    .nullable()
    .default(null)
    .describe('Which of its executables; null: the only or same-named one'),
})
export const remoteArtifact = z.object({
  kind: z.literal('remote'),
  url: z.url({ protocol: /^https?$/ }).describe('https; http only for loopback addresses'),
})
export const localArtifact = z.object({
  kind: z.literal('local'),
  path: z.string().min(1).describe("An absolute folder on the operator's machine"),
  command: z.array(z.string().min(1)).min(1).describe('The entry command, relative to the folder'),
})
export const artifact = z.discriminatedUnion('kind', [npmArtifact, remoteArtifact, localArtifact])
export type Artifact = z.infer<typeof artifact>

export const isolation = z.enum(['session', 'principal', 'shared'])
export type Isolation = z.infer<typeof isolation>

const egressHost = z
  .string()
  .regex(/^(?:\[[0-9a-f:]+\]|[a-z0-9.-]+)(?::\d{1,5})?$/, 'must be a host or host:port in lower case')

/** How a release runs. Placeholders `{name}` in args, env and headers are filled from the deployment's config. */
export const releaseManifest = z.object({
  title: z.string().max(120).default(''),
  description: z.string().max(2000).default(''),
  args: z.array(z.string()).default([]),
  env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string()).default({}),
  headers: z.record(z.string(), z.string()).default({}).describe('Static headers of a remote server'),
  configSchema: z
    .record(z.string(), z.unknown())
    .default({ type: 'object', properties: {}, additionalProperties: false })
    .describe('JSON Schema of the configuration; its defaults are the default profile'),
  secrets: z
    .array(
      z.object({
        name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_-]*$/),
        description: z.string().default(''),
        required: z.boolean().default(true),
        in: z.enum(['env', 'header']).default('env'),
      }),
    )
    .default([]),
  egress: z.array(egressHost).default([]).describe('Hosts it may reach; none: no network'),
  isolation: isolation.default('principal'),
})
export type ReleaseManifest = z.infer<typeof releaseManifest>

/** How the reason ends for which a release is not observed by itself, which is no fault of it. */
export const observedAtLaunch = 'it is observed when it is first launched.'

export const release = z.object({
  id: idOf('release'),
  serverId: idOf('server'),
  server: z.string().describe('provider/server'),
  version: z.string(),
  state: z.enum(['admitted', 'yanked', 'blocked']),
  artifact,
  digest: sha256.nullable().describe('Of the installed bytes; null until first installed'),
  manifest: releaseManifest,
  observation: z
    .enum(['pending', 'observed', 'failed'])
    .describe('Whether its surface was seen in the sandbox'),
  observationReason: z.string().nullable(),
  surfaceHash: sha256.nullable(),
  createdAt: timestamp,
  createdBy: z.string(),
})
export type Release = z.infer<typeof release>

export const catalogServer = z.object({
  id: idOf('server'),
  provider: z.object({ id: idOf('provider'), slug: z.string(), name: z.string() }),
  slug: z.string(),
  name: z.string(),
  title: z.string(),
  description: z.string(),
  latestRelease: release.nullable(),
  createdAt: timestamp,
})
export type CatalogServer = z.infer<typeof catalogServer>

/** `provider/server`, as people type it. */
export const serverRef = z
  .string()
  .regex(/^[a-z0-9-]+\/[a-z0-9-]+$/, 'must be "provider/server", e.g. reference/everything')

const oneServer = z.object({ provider: slug, server: slug })
const oneRelease = z.object({ releaseId: idOf('release') })

export const addServerBody = z.object({
  name: slug.optional().describe("Null: derived from the package's, host's or folder's name"),
  artifact: z.discriminatedUnion('kind', [
    npmArtifact.partial({ version: true, integrity: true }),
    remoteArtifact,
    localArtifact,
  ]),
  title: displayName.optional(),
  manifest: releaseManifest.partial().default({}),
})

export const catalogEndpoints = {
  list: endpoint({
    id: 'catalog.list',
    method: 'GET',
    path: '/api/catalog/servers',
    tag: 'catalog',
    summary: 'Servers that can be launched',
    access: { kind: 'user' },
    query: pageQuery.extend({ search: z.string().max(100).optional() }),
    response: pageOf(catalogServer),
  }),
  get: endpoint({
    id: 'catalog.get',
    method: 'GET',
    path: '/api/catalog/servers/:provider/:server',
    tag: 'catalog',
    summary: 'One server with all its releases',
    access: { kind: 'user' },
    params: oneServer,
    response: catalogServer.extend({ releases: z.array(release) }),
  }),
  add: endpoint({
    id: 'catalog.add',
    example: {
      body: {
        name: '$NAME',
        artifact: { kind: 'npm', package: '@modelcontextprotocol/server-everything' },
        manifest: { args: ['stdio'] },
      },
    },
    method: 'POST',
    path: '/api/catalog/servers',
    tag: 'catalog',
    summary: 'Add a server, or a release of one, from npm, a URL or a folder',
    description:
      'Without version or integrity those of the newest published version are looked up and pinned. The answer comes at once; a run installs it and observes its surface in the sandbox.',
    access: { kind: 'platform', role: 'operator' },
    body: addServerBody,
    status: 202,
    response: release.extend({ runId: idOf('run') }),
    idempotent: true,
  }),
  getRelease: endpoint({
    id: 'catalog.get-release',
    method: 'GET',
    path: '/api/catalog/releases/:releaseId',
    tag: 'catalog',
    summary: 'One release with its surface',
    access: { kind: 'user' },
    params: oneRelease,
    response: release.extend({ surface: surface.nullable() }),
  }),
  observe: endpoint({
    id: 'catalog.observe',
    method: 'POST',
    path: '/api/catalog/releases/:releaseId/observe',
    tag: 'catalog',
    summary: 'Try again to install a release and observe its surface',
    access: { kind: 'platform', role: 'operator' },
    params: oneRelease,
    status: 202,
    response: z.object({ runId: idOf('run') }),
  }),
  setState: endpoint({
    id: 'catalog.set-release-state',
    example: { body: { action: 'yank', reason: 'A newer release replaces it.' } },
    method: 'POST',
    path: '/api/catalog/releases/:releaseId/state',
    tag: 'catalog',
    summary: 'Yank, admit again, or block a release',
    description: 'Yanked: no new launches. Blocked: what runs of it stops, everywhere.',
    access: { kind: 'platform', role: 'operator' },
    params: oneRelease,
    body: z.object({
      action: z.enum(['yank', 'readmit', 'block']),
      reason: z.string().min(1).max(500),
    }),
    response: release,
  }),
}
