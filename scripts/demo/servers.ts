/** The demo's own MCP servers: put into folders, and added to the catalog from there. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { api, type Client, type ReleaseManifest } from '@berth/contracts'
import { DemoFault } from './berth.ts'
import { eventually } from './eventually.ts'

interface Server {
  name: string
  version: string
  title: string
  description: string
  manifest?: Partial<ReleaseManifest>
}

const servers: Server[] = [
  {
    name: 'fx-rates',
    version: '2.3.0',
    title: 'FX rates',
    description: 'Reference rates, cross rates and conversion between currencies.',
    manifest: { isolation: 'shared' },
  },
  {
    name: 'statements',
    version: '1.8.2',
    title: 'Statements',
    description: 'Balances and monthly statements of ledger accounts; checks IBANs.',
    manifest: {
      secrets: [{ name: 'LEDGER_SIGNING_KEY', description: 'Signs statements', required: false, in: 'env' }],
    },
  },
  {
    name: 'ticket-desk',
    version: '4.0.1',
    title: 'Ticket desk',
    description: 'Opens, comments and closes the tickets of a help desk.',
    manifest: { isolation: 'shared' },
  },
  {
    name: 'card-network',
    version: '3.1.0',
    title: 'Card network',
    description: 'Routes card numbers to their scheme, in a simulator or on the live network.',
    manifest: {
      env: { CARD_NETWORK_ENVIRONMENT: '{environment}' },
      configSchema: {
        type: 'object',
        properties: {
          environment: {
            title: 'Environment',
            enum: ['simulator', 'live'],
            default: 'simulator',
            description: 'The live network needs a member id',
          },
        },
        additionalProperties: false,
      },
      secrets: [
        {
          name: 'CARD_NETWORK_MEMBER_ID',
          description: 'Who we are to the live network',
          required: false,
          in: 'env',
        },
      ],
    },
  },
  {
    name: 'digest',
    version: '0.9.4',
    title: 'Digest',
    description: 'Summarizes a text by its own most telling sentences.',
    manifest: { isolation: 'shared' },
  },
  {
    name: 'sea-routes',
    version: '1.2.0',
    title: 'Sea routes',
    description: 'Distances between ports, and when a ship arrives.',
  },
]

const sources = path.join(import.meta.dirname, 'servers')

/** Adds all of them; resolves when the surface of each was observed. */
export async function addServers(operator: Client, folder: string, signal: AbortSignal): Promise<void> {
  await Promise.all(
    servers.map((server) => addServer(operator, path.join(folder, server.name), server, signal)),
  )
}

async function addServer(
  operator: Client,
  folder: string,
  { name, version, title, description, manifest = {} }: Server,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(folder, { recursive: true })
  const source = `${name}.mjs`
  for (const file of [source, 'mcp.mjs']) await copyFile(path.join(sources, file), path.join(folder, file))
  const about = { name, version, description, type: 'module', private: true }
  await writeFile(path.join(folder, 'package.json'), `${JSON.stringify(about, null, 2)}\n`)
  const artifact = { kind: 'local' as const, path: folder, command: ['node', source] }
  const { id: releaseId } = await operator.call(api.catalog.add, {
    body: { name, title, artifact, manifest: { ...manifest, title, description } },
  })
  await eventually(`${name} is observed`, signal, async () => {
    const release = await operator.call(api.catalog.getRelease, { params: { releaseId } })
    if (release.observation === 'failed') {
      throw new DemoFault(`The server ${name} cannot be observed: ${release.observationReason}`)
    }
    return release.observation === 'observed'
  })
}
