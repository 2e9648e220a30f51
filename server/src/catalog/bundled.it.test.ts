import { spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openTestPlatform, type TestPlatform } from '../workspaces/test-kit.ts'
import { placesIn } from './artifacts/places.ts'
import { lookUpPackage } from './npm/look-up.ts'
import {
  defaultConfig,
  ensureArtifact,
  fillManifest,
  resolveRelease,
  seedCatalog,
  validateConfig,
  verifyArtifact,
} from './service.ts'

vi.setConfig({ testTimeout: 240_000 }) // these use the machine's real registry

let kit: TestPlatform
beforeAll(async () => {
  kit = await openTestPlatform({ jobNames: ['catalog.observe'] })
  await seedCatalog(kit.platform)
})
afterAll(() => kit.close())

test.each(['everything', 'filesystem', 'memory', 'sequential-thinking'])(
  'the integrity of the bundled %s is that of the registry',
  async (name) => {
    const { artifact } = await resolveRelease(kit.platform.db, `reference/${name}`)
    if (artifact.kind !== 'npm') throw new Error('the bundled servers come from npm')
    expect(await lookUpPackage(placesIn(kit.dataDir), artifact)).toMatchObject({
      version: artifact.version,
      integrity: artifact.integrity,
    })
  },
)

test.each([
  ['everything', 'echo'],
  ['filesystem', 'list_allowed_directories'],
])(
  'the bundled %s is installed, checked, and lists its tools with its default configuration',
  async (name, tool) => {
    const release = await resolveRelease(kit.platform.db, `reference/${name}`)
    const artifact = await ensureArtifact(kit.platform, release.id)
    expect(await verifyArtifact(kit.platform, artifact)).toMatchObject({ ok: true })
    const { args, env } = fillManifest(release.manifest, defaultConfig(release.manifest)!, {})
    const data = path.join(kit.dataDir, 'data')
    await mkdir(data, { recursive: true })
    const onHost = (word: string) =>
      word.replace(/^\/app(?=\/|$)/, artifact.root!).replace(/^\/data(?=\/|$)/, data)
    const [, ...command] = [...artifact.command, ...args].map(onHost)
    expect(await toolsOf(command, env)).toContain(tool)
  },
)

test('the bundled filesystem is given folders below its own only', async () => {
  const { manifest } = await resolveRelease(kit.platform.db, 'reference/filesystem')
  expect(validateConfig(manifest, { directories: ['/data/a', '/data/a..b/c'] })).toBeDefined()
  for (const folder of [
    '/etc',
    '/data/../etc',
    '/data/..',
    '/data/a/..',
    '/data/./a',
    '/database',
    'data',
    '--x',
  ]) {
    expect(() => validateConfig(manifest, { directories: [folder] })).toThrow(
      'directories.0: must match pattern',
    )
  }
})

/** Asks a stdio server for the names of its tools, and ends it. */
async function toolsOf(args: string[], env: Record<string, string>): Promise<string[]> {
  const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    const send = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
    const clientInfo = { name: 'test', version: '1' }
    send({
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo },
    })
    for await (const line of createInterface({ input: child.stdout })) {
      const message = JSON.parse(line) as { id?: number; result?: { tools?: { name: string }[] } }
      if (message.id === 1) {
        send({ method: 'notifications/initialized' })
        send({ id: 2, method: 'tools/list' })
      }
      if (message.id === 2) return message.result!.tools!.map((one) => one.name)
    }
    throw new Error('the server ended without an answer')
  } finally {
    child.kill()
  }
}
