/** The official reference servers, in every catalog from the start. */
import { releaseManifest, type ReleaseManifest } from '@berth/contracts'
import type { z } from 'zod'
import { systemActor, type Platform } from '../platform/platform.ts'
import { addRelease } from './add.ts'
import { enqueueObservation, type OpenEvaluation } from './evaluation.ts'
import { lockProvider, releasesOf, serversOfProvider } from './store.ts'

interface Bundled {
  name: string
  integrity: string
  manifest: z.input<typeof releaseManifest>
}

const version = '2026.8.31'

/** A path below the folder that a server may write, and never out of it. */
const dataPath = { type: 'string', pattern: '^/data(/(?!\\.{1,2}(/|$))[^/]+)*$' }

const bundled: Bundled[] = [
  {
    name: 'everything',
    integrity:
      'sha512-5U3OZh8Xq0Li4nA26l6uNvV9/1suMDuWSn+NjLZIhzinhMY6N3A4DCrxVecBGPf2PsNFKTEv5krxGPRwzxc7jQ==',
    manifest: {
      title: 'Everything',
      description:
        'Exercises every feature of the protocol: tools, prompts, resources, sampling, progress, logging.',
      args: ['stdio'],
    },
  },
  {
    name: 'filesystem',
    integrity:
      'sha512-kKaFkyAh6oipvc9+EAbJ552JafnMnOq5nzmzWkp1jJdBhTAAGpmIpWihUG1+rfNhmEFM98gUZDdCHCDD4v6a7Q==',
    manifest: {
      title: 'Filesystem',
      description:
        'Reads, writes, searches and moves files in the folders it is given; they are kept with the deployment.',
      args: ['{directories}'],
      configSchema: {
        type: 'object',
        properties: {
          directories: {
            type: 'array',
            title: 'Folders',
            description: 'Existing folders it may use, /data or below',
            items: dataPath,
            minItems: 1,
            default: ['/data'],
          },
        },
        additionalProperties: false,
      },
    },
  },
  {
    name: 'memory',
    integrity:
      'sha512-ljj/3S4aGjxdNSQWw6gucKKGnTLdBPWxzapyY/MT2tOVyZwvxChvevXSLPwx59nKJAlVpUVW+cOlnVRXRwiqMQ==',
    manifest: {
      title: 'Memory',
      description: 'Remembers entities and their relations as a knowledge graph, kept with the deployment.',
      env: { MEMORY_FILE_PATH: '/data/memory.json' },
    },
  },
  {
    name: 'sequential-thinking',
    integrity:
      'sha512-/EMH++1j2e+VmHwpibw1IUPHxA0tcQY09Yo5/OIPwW/8irEKLAufJNGSZQhCK18n8TUvV6WwZyQOuaDKxe/CeQ==',
    manifest: {
      title: 'Sequential Thinking',
      description: 'Guides a model through a problem in steps that can be revised and branched.',
      isolation: 'session', // it keeps one train of thought a process
    },
  },
]

/** Between one bundled server's installation and the next: a first launch should not have to wait for them. */
const restSeconds = 30

/**
 * Puts the bundled servers into the catalog, each in the version this Berth brings; those that are there stay as they are.
 * With `open`, the surface of each new one is observed. Safe in several processes at once. Returns the new releases' ids.
 */
export async function seedCatalog(platform: Platform, open?: OpenEvaluation): Promise<string[]> {
  const origin = { actor: systemActor('catalog'), requestId: null }
  return await platform.mutate(origin, async (tx) => {
    const providerId = await lockProvider(tx.db, 'reference')
    const added: string[] = []
    for (const { name, integrity, manifest } of bundled) {
      const source = `npm:@modelcontextprotocol/server-${name}`
      const [server] = await serversOfProvider(tx.db, providerId, { slug: name })
      const releases = server ? await releasesOf(tx.db, server.id) : []
      if (releases.some((release) => release.artifact.kind === 'npm' && release.artifact.version === version))
        continue
      const { id } = await addRelease(tx, {
        provider: 'reference',
        source,
        name,
        suggestedName: name,
        version,
        artifact: { kind: 'npm', package: source.slice('npm:'.length), version, integrity, bin: null },
        digest: null,
        manifest: releaseManifest.parse(manifest) satisfies ReleaseManifest,
      })
      if (open) {
        const job = { releaseId: id, runId: await open(tx, id) }
        await enqueueObservation(tx, job, restSeconds * (added.length + 1))
      }
      added.push(id)
    }
    return added
  })
}
