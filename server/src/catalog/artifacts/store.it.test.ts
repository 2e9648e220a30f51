import { execFile } from 'node:child_process'
import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readlink,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { platformOrganizationId } from '@berth/contracts'
import { storedKey } from '../../platform/crypto.ts'
import { ensureArtifact, getRelease, verifyArtifact } from '../service.ts'
import { openCatalogKit, program, type CatalogKit } from '../testing/kit.ts'
import { findDigests } from '../store.ts'
import { placesIn, removeAbandoned, removeUnreferenced } from './places.ts'

vi.setConfig({ testTimeout: 120_000 }) // npm is slow on a busy machine

let kit: CatalogKit
beforeAll(async () => {
  kit = await openCatalogKit()
})
afterAll(() => kit.close())

const local = (root: string, command = ['node', 'server.js']) =>
  ({ kind: 'local', path: root, command }) as const

describe('a local server', () => {
  test('is hashed when added and is launched only as it was', async () => {
    const root = await kit.files('mine', {
      'server.js': 'console.log(1)',
      'package.json': '{"version":"3.2.1","description":"Mine"}',
      '.git/HEAD': 'x',
    })
    const release = await kit.add({ artifact: local(root) })
    expect(release).toMatchObject({
      server: 'local/mine',
      version: '3.2.1',
      manifest: { description: 'Mine' },
    })
    const artifact = await ensureArtifact(kit.platform, release.id)
    expect(artifact).toMatchObject({
      command: ['node', 'server.js'],
      mounts: [{ source: root, target: '/app' }],
      digest: release.digest,
    })
    await writeFile(path.join(root, '.git/HEAD'), 'changes by itself')
    expect(await verifyArtifact(kit.platform, artifact)).toEqual({
      ok: true,
      digest: release.digest,
      detail: null,
    })
    await appendFile(path.join(root, 'server.js'), ';')
    expect(await verifyArtifact(kit.platform, artifact)).toMatchObject({
      ok: false,
      detail:
        'The bytes are not those that were admitted: "server.js" was changed. Add the folder again as a new release, or undo the change.',
    })
    expect((await kit.add({ artifact: local(root) })).version).toBe('3.2.1+2')
  })

  test.each<[string, (root: string) => { path: string; command: string[] }, string]>([
    ['a relative path', () => ({ path: 'here', command: ['node', 'server.js'] }), 'is not an absolute path'],
    [
      'a path with ..',
      (root) => ({ path: `${root}/../x`, command: ['node', 'server.js'] }),
      'is not a plain path',
    ],
    ['no folder', (root) => ({ path: `${root}/none`, command: ['node', 'server.js'] }), 'There is no folder'],
    ['a file', (root) => ({ path: `${root}/server.js`, command: ['node', 'server.js'] }), 'is not a folder'],
    ['the root', () => ({ path: '/', command: ['node', 'server.js'] }), 'The root of the machine'],
    ['no such entry', (root) => ({ path: root, command: ['node', 'nope.js'] }), 'there is no file "nope.js"'],
    [
      'an entry elsewhere',
      (root) => ({ path: root, command: ['node', '../server.js'] }),
      'leads out of the folder',
    ],
    [
      'an absolute entry',
      (root) => ({ path: root, command: ['node', '/etc/passwd'] }),
      'leads out of the folder',
    ],
    ['no entry', (root) => ({ path: root, command: ['node'] }), 'it names no file for node to run'],
    [
      'another program',
      (root) => ({ path: root, command: ['python3', 'server.js'] }),
      '"python3" is neither node nor',
    ],
    [
      'a script of another program',
      (root) => ({ path: root, command: ['run.sh'] }),
      'starts with "#!/bin/sh"',
    ],
  ])('with %s is refused', async (_what, artifactOf, sentence) => {
    const root = await kit.files('wrong', { 'server.js': '', 'run.sh': '#!/bin/sh\n' })
    await expect(kit.add({ artifact: { kind: 'local', ...artifactOf(root) } })).rejects.toMatchObject({
      code: 'artifact_unavailable',
      message: expect.stringContaining(sentence),
    })
  })

  test('with a link that leads out of its folder is refused', async () => {
    const root = await kit.files('linked', { 'server.js': '' })
    await symlink('/etc/passwd', path.join(root, 'passwd'))
    await expect(kit.add({ artifact: local(root) })).rejects.toMatchObject({
      code: 'artifact_unavailable',
      message: 'The link "passwd" leads out of the folder, to "/etc/passwd".',
    })
    await rm(path.join(root, 'passwd'))
    await symlink('/etc/passwd', path.join(root, 'entry.js'))
    await expect(kit.add({ artifact: local(root, ['node', 'entry.js']) })).rejects.toMatchObject({
      code: 'artifact_unavailable',
    })
  })

  test('may be started by a script of its own that node runs', async () => {
    const root = await kit.files('scripted', { 'bin/start': '#!/usr/bin/env -S node --no-warnings\n' })
    const { id } = await kit.add({ artifact: local(root, ['./bin/start', '--stdio']) })
    const { command } = await ensureArtifact(kit.platform, id)
    expect(command).toEqual(['node', '--no-warnings', '/app/bin/start', '--stdio'])
  })
})

describe('the artifact store', () => {
  const startElsewhere = (dataDir: string, releaseId: string) => {
    const module = (name: string) => path.resolve(import.meta.dirname, name)
    const script = `
      const { openPlatform } = await import('${module('../../platform/platform.ts')}')
      const { readConfig } = await import('${module('../../platform/config.ts')}')
      const { ensureArtifact, verifyArtifact } = await import('${module('../service.ts')}')
      const url = process.env.TEST_DATABASE
      const config = readConfig({ BERTH_DATA_DIR: '${dataDir}', BERTH_SECRET_KEY: process.env.TEST_KEY, BERTH_LOG_LEVEL: 'silent' })
      const platform = await openPlatform({ config, databaseUrl: url, directUrl: url, jobNames: ['catalog.observe'] })
      try {
        const artifact = await ensureArtifact(platform, '${releaseId}')
        console.log(JSON.stringify({ ...artifact, check: await verifyArtifact(platform, artifact) }))
      } finally {
        await platform.close()
      }`
    const key = storedKey(kit.platform.config.dataDir)!
    const env = { ...process.env, TEST_DATABASE: kit.platform.databaseUrl, TEST_KEY: key }
    return promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env })
  }
  const inOtherProcess = async (dataDir: string, releaseId: string) => {
    const { stdout } = await startElsewhere(dataDir, releaseId)
    return JSON.parse(stdout) as { digest: string; root: string; check: { ok: boolean } }
  }
  /** Processes that work in a folder of the store. */
  const workersIn = async (dataDir: string) => {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
    const folders = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => '')))
    return folders.filter((name) => name.startsWith(placesIn(dataDir).temporaries))
  }

  test('leaves no npm behind when its process is killed', async () => {
    const { id } = await kit.published(program('slow'))
    kit.registry.silent.add('slow/-/1.0.0.tgz')
    const dataDir = await mkdtemp(path.join(kit.folder, 'machine-'))
    const running = startElsewhere(dataDir, id)
    const ended = running.catch(() => undefined)
    await vi.waitFor(async () => expect(await workersIn(dataDir)).not.toEqual([]), 60_000)
    running.child.kill('SIGKILL')
    await vi.waitFor(async () => expect(await workersIn(dataDir)).toEqual([]), 20_000)
    await ended
    await removeAbandoned(placesIn(dataDir))
    expect(await readdir(placesIn(dataDir).temporaries)).toEqual([])
  })

  test('removes the bytes that no release has had for a day, and no others', async () => {
    const places = placesIn(await mkdtemp(path.join(kit.folder, 'machine-')))
    const root = await kit.files('referenced', { 'server.js': 'console.log(1)' })
    const { digest } = await kit.add({ artifact: local(root) })
    const [old, young] = [`sha256:${'a'.repeat(64)}`, `sha256:${'b'.repeat(64)}`]
    for (const one of [digest!, old, young]) {
      await mkdir(places.tree(one), { recursive: true })
      await writeFile(path.join(places.tree(one), 'file'), 'bytes')
      await chmod(places.tree(one), 0o500)
      await writeFile(places.listing(one), 'listing')
    }
    const longAgo = new Date(Date.now() - 25 * 3600_000)
    for (const one of [digest!, old])
      for (const file of [places.tree(one), places.listing(one)]) await utimes(file, longAgo, longAgo)
    await removeUnreferenced(places, (found) => findDigests(kit.platform.db, found))
    const left = await readdir(path.dirname(places.tree(old)))
    const wanted = [digest!, young].flatMap((one) => [places.tree(one), places.listing(one)])
    expect(new Set(left)).toEqual(new Set(wanted.map((file) => path.basename(file))))
  })

  test('installs once, records the digest once, and shares the bytes', async () => {
    kit.registry.publish(program('dependency', { bin: undefined }))
    const { id } = await kit.published(program('shared', { dependencies: { dependency: '^1.0.0' } }))
    const [first, second] = await Promise.all([
      ensureArtifact(kit.platform, id),
      ensureArtifact(kit.platform, id),
    ])
    expect(second).toEqual(first)
    expect(first).toMatchObject({
      command: ['node', '/app/node_modules/shared/index.js'],
      mounts: [{ source: first.root, target: '/app' }],
    })
    expect(await verifyArtifact(kit.platform, first)).toEqual({
      ok: true,
      digest: first.digest,
      detail: null,
    })
    expect((await getRelease(kit.platform.db, id)).digest).toBe(first.digest)
    const told = await kit.events(platformOrganizationId, 'release.installed')
    expect(told.filter((event) => event['releaseId'] === id)).toEqual([
      { releaseId: id, digest: first.digest },
    ])
  })

  test('names the path that was tampered with, and heals when it is removed', async () => {
    const artifact = await ensureArtifact(kit.platform, (await kit.published(program('tampered'))).id)
    await appendFile(path.join(artifact.root!, 'node_modules/tampered/index.js'), 'evil()')
    await writeFile(path.join(artifact.root!, 'extra'), '')
    const check = await verifyArtifact(kit.platform, artifact)
    expect(check).toMatchObject({ ok: false, digest: expect.stringMatching(/^sha256:/) })
    expect(check.detail).toBe(
      `The bytes are not those that were admitted: "extra" was added, "node_modules/tampered/index.js" was changed. Find out who changed it; remove ${artifact.root} to have it installed anew.`,
    )
    await rm(artifact.root!, { recursive: true })
    const again = await ensureArtifact(kit.platform, artifact.releaseId)
    expect(await verifyArtifact(kit.platform, again)).toMatchObject({ ok: true, digest: artifact.digest })
  })

  test('says so when the bytes are gone', async () => {
    const artifact = await ensureArtifact(kit.platform, (await kit.published(program('gone'))).id)
    await rm(artifact.root!, { recursive: true })
    expect(await verifyArtifact(kit.platform, artifact)).toMatchObject({ ok: null, digest: null })
  })

  test('gives the same bytes to processes that install at once, in one place and elsewhere', async () => {
    kit.registry.publish(program('moving', { bin: undefined }))
    const { id } = await kit.published(program('contended', { dependencies: { moving: '^1.0.0' } }))
    const elsewhere = await mkdtemp(path.join(kit.folder, 'machine-'))
    const results = await Promise.all([
      inOtherProcess(kit.dataDir, id),
      inOtherProcess(kit.dataDir, id),
      inOtherProcess(elsewhere, id),
    ])
    const { digest } = await getRelease(kit.platform.db, id)
    for (const result of results) expect(result).toMatchObject({ digest, check: { ok: true } })
    expect(new Set(results.map((result) => result.root)).size).toBe(2)
  })

  test('keeps what was pinned first, whatever is published later', async () => {
    kit.registry.publish(program('drifting', { bin: undefined }))
    const { id } = await kit.published(program('anchored', { dependencies: { drifting: '^1.0.0' } }))
    const { digest } = await ensureArtifact(kit.platform, id)
    kit.registry.publish(program('drifting', { bin: undefined, version: '1.0.1' }))
    const elsewhere = await mkdtemp(path.join(kit.folder, 'machine-'))
    expect(await inOtherProcess(elsewhere, id)).toMatchObject({ digest, check: { ok: true } })
  })

  test('refuses a package whose bytes are not those that were pinned', async () => {
    const { id } = await kit.published(program('swapped'))
    kit.registry.publish(program('swapped', { files: { 'index.js': '#!/usr/bin/env node\nevil()' } }))
    await expect(ensureArtifact(kit.platform, id)).rejects.toMatchObject({
      code: 'artifact_unavailable',
      message: expect.stringMatching(
        /^The integrity of swapped@1\.0\.0 is sha512-.*, not sha512-.* as pinned\.$/,
      ),
    })
    expect((await getRelease(kit.platform.db, id)).digest).toBeNull()
  })

  test('removes what killed processes left, and nothing of those that live', async () => {
    const places = placesIn(kit.dataDir)
    const mine = places.temporary()
    const dead = mine.replace(`+${process.pid}+`, '+4194303+')
    for (const name of [mine, dead]) await mkdir(path.join(name, 'node_modules'), { recursive: true })
    await removeAbandoned(places)
    await expect(rm(mine, { recursive: true })).resolves.toBeUndefined()
    await expect(rm(dead, { recursive: true })).rejects.toThrow('ENOENT')
  })
})
