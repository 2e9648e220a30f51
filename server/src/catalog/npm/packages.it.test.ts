import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { startRegistry, type TestPackage, type TestRegistry } from '../testing/registry.ts'
import { chooseBin, nodeFlags, packageEntry } from './entry.ts'
import { installPackage } from './install.ts'
import { lookUpPackage } from './look-up.ts'
import { runNpm, stopNpm } from './run.ts'

vi.setConfig({ testTimeout: 120_000 }) // npm is slow on a busy machine

let registry: TestRegistry
let folder: string
let cacheDir: string
const before = process.env['npm_config_registry']
beforeAll(async () => {
  registry = await startRegistry()
  folder = await mkdtemp(path.join(tmpdir(), 'berth-npm-'))
  cacheDir = path.join(folder, 'cache')
  process.env['npm_config_registry'] = registry.url
})
afterEach(() => {
  process.env['npm_config_registry'] = registry.url
})
afterAll(async () => {
  if (before === undefined) delete process.env['npm_config_registry']
  else process.env['npm_config_registry'] = before
  await registry.close()
  await rm(folder, { recursive: true, force: true })
})

const main = { 'index.js': '#!/usr/bin/env node\nconsole.log(1)\n' }
const program = (name: string, more: Partial<TestPackage> = {}): TestPackage => ({
  name,
  version: '1.0.0',
  bin: 'index.js',
  files: main,
  ...more,
})
let count = 0
async function install(name: string, integrity: string, lock: string | null = null) {
  const into = path.join(folder, `tree-${++count}`)
  const artifact = { kind: 'npm', package: name, version: '1.0.0', integrity, bin: null } as const
  const used = await installPackage({ cacheDir }, into, artifact, lock)
  return { root: into, lock: used }
}
const look = (name: string, version?: string, integrity?: string) =>
  lookUpPackage({ cacheDir }, { package: name, version, integrity })
const unusable = (message: unknown) => ({ code: 'artifact_unavailable', message })

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

describe('looking a package up', () => {
  test('pins the newest version, or the one asked for', async () => {
    const first = registry.publish(program('two-versions', { description: 'Tells the weather' }))
    const second = registry.publish(program('two-versions', { version: '2.0.0' }))
    expect(await look('two-versions')).toMatchObject({ version: '2.0.0', integrity: second })
    expect(await look('two-versions', '1.0.0')).toEqual({
      package: 'two-versions',
      version: '1.0.0',
      integrity: first,
      description: 'Tells the weather',
      bin: { 'two-versions': 'index.js' },
    })
  })

  test('says what there is not', async () => {
    registry.publish(program('known'))
    await expect(look('un-known')).rejects.toMatchObject(
      unusable('There is no npm package "un-known", or the registry does not show it to this machine.'),
    )
    await expect(look('known', '9.9.9')).rejects.toMatchObject(
      unusable('The npm package known has no version 9.9.9; its newest is 1.0.0.'),
    )
  })

  test('refuses another integrity than the one given, showing both', async () => {
    const integrity = registry.publish(program('pinned'))
    const other = `sha512-${'A'.repeat(86)}==`
    expect(await look('pinned', '1.0.0', integrity)).toMatchObject({ integrity })
    await expect(look('pinned', '1.0.0', other)).rejects.toMatchObject(
      unusable(`The integrity of pinned@1.0.0 in the registry is ${integrity}, not ${other} as given.`),
    )
  })

  test('refuses what cannot be pinned', async () => {
    registry.publish(program('old'), { integrity: null })
    await expect(look('old')).rejects.toMatchObject(unusable(expect.stringContaining('no sha512 integrity')))
  })

  test('names the remedy when the registry cannot be reached', async () => {
    process.env['npm_config_registry'] = `http://127.0.0.1:${await closedPort()}/`
    await expect(look('anything')).rejects.toMatchObject({
      code: 'unavailable',
      message:
        "The npm registry cannot be reached for anything (ECONNREFUSED). Check this machine's network and its npm settings (registry, proxy), then try again.",
    })
  })

  test('says so when it takes too long, or when there is no npm', async () => {
    registry.silent.add('never')
    const late = runNpm({ cacheDir }, folder, ['view', '--', 'never'], 1500)
    await expect(late).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('npm did not finish within 2 seconds'),
    })
    const { PATH } = process.env
    process.env['PATH'] = '/nowhere'
    try {
      await expect(look('anything')).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('npm is not on the PATH'),
      })
    } finally {
      process.env['PATH'] = PATH
    }
  })

  test('ends at once, with all it started, when Berth stops', async () => {
    registry.silent.add('endless')
    const stopped = { cacheDir: path.join(folder, 'stopped') }
    const answer = runNpm(stopped, folder, ['view', '--', 'endless'], 60_000).catch((error: Error) => error)
    await stopNpm({ cacheDir })
    await stopNpm(stopped)
    expect(await answer).toMatchObject({ message: expect.stringContaining('Berth stopped while npm') })
  })

  test('never takes a name for an option', async () => {
    await expect(look('--version')).rejects.toMatchObject({ code: 'artifact_unavailable' })
    await expect(look('-g')).rejects.toMatchObject({ code: 'artifact_unavailable' })
  })
})

describe('installing', () => {
  test('brings the package with its dependencies and runs none of their scripts', async () => {
    const marker = path.join(folder, 'ran')
    const scripts = Object.fromEntries(
      ['preinstall', 'install', 'postinstall', 'prepare'].map((name) => [name, `touch ${marker}-${name}`]),
    )
    registry.publish(program('dependency', { scripts, bin: undefined }))
    const integrity = registry.publish(
      program('scripted', { scripts, dependencies: { dependency: '^1.0.0' } }),
    )
    const { root, lock } = await install('scripted', integrity)
    expect(await readFile(path.join(root, 'node_modules/scripted/index.js'), 'utf8')).toContain('console.log')
    expect(await readFile(path.join(root, 'node_modules/dependency/index.js'), 'utf8')).toContain(
      'console.log',
    )
    for (const name of Object.keys(scripts)) {
      await expect(stat(`${marker}-${name}`)).rejects.toThrow('ENOENT')
    }
    expect(lock).not.toContain('127.0.0.1')
  })

  test('refuses bytes that are not those of the pinned integrity', async () => {
    registry.publish(program('changed'))
    const pinned = `sha512-${'B'.repeat(86)}==`
    await expect(install('changed', pinned)).rejects.toMatchObject(
      unusable(
        expect.stringMatching(/^The integrity of changed@1\.0\.0 is sha512-.+, not sha512-B+== as pinned\.$/),
      ),
    )
  })

  test('refuses bytes that are not those that the registry vouches for', async () => {
    const lying = program('lying')
    const integrity = registry.publish(lying)
    registry.publish(lying, { integrity, bytesOf: { ...lying, files: { 'index.js': 'evil()' } } })
    await expect(install('lying', integrity)).rejects.toMatchObject(
      unusable(
        expect.stringContaining('The bytes of lying@1.0.0 are not those that the registry vouches for'),
      ),
    )
  })

  test.each([
    ['git', 'git+https://127.0.0.1:1/x/y.git', 'depends on a git repository'],
    ['github', 'github:owner/name', 'depends on a git repository'],
    ['tarball', 'http://registry/elsewhere/-/1.0.0.tgz', 'depends on elsewhere, which does not come from'],
    ['folder', 'file:../../etc', 'depends on etc, which does not come from'],
  ])('refuses a dependency that is not from the registry (%s)', async (kind, spec, sentence) => {
    registry.publish(program('elsewhere'))
    const elsewhere = spec.replace('http://registry/', registry.url)
    const integrity = registry.publish(program(`needs-${kind}`, { dependencies: { elsewhere } }))
    await expect(install(`needs-${kind}`, integrity)).rejects.toMatchObject(
      unusable(expect.stringContaining(sentence)),
    )
  })

  test('names a dependency that is missing', async () => {
    const integrity = registry.publish(program('incomplete', { dependencies: { 'not-there': '1' } }))
    await expect(install('incomplete', integrity)).rejects.toMatchObject(
      unusable(
        expect.stringMatching(/does not have incomplete@1\.0\.0, or something that it needs: .*not-there/),
      ),
    )
  })
})

describe('the entry of a package', () => {
  const entry = async (name: string, more: Partial<TestPackage>, asked: string | null = null) => {
    const { root } = await install(name, registry.publish(program(name, more)))
    return await packageEntry(root, name, asked)
  }

  test('is run by node, with the flags of its first line', async () => {
    expect(await entry('@scope/plain', { bin: { other: './index.js' } })).toEqual([
      'node',
      'node_modules/@scope/plain/index.js',
    ])
    const flagged = '#!/usr/bin/env -S node --no-warnings\nx'
    expect(await entry('flagged', { files: { 'index.js': flagged } })).toEqual([
      'node',
      '--no-warnings',
      'node_modules/flagged/index.js',
    ])
  })

  test.each<[string, Partial<TestPackage>, string]>([
    ['a-library', { bin: undefined }, 'has no executable ("bin"), so there is nothing to start'],
    [
      'in-python',
      { files: { 'index.js': '#!/usr/bin/env python3\n' } },
      'starts with "#!/usr/bin/env python3"',
    ],
    ['in-shell', { bin: 'run', files: { run: 'echo' } }, 'is not a Node program'],
    ['outside', { bin: '../../../etc/passwd' }, 'is not a file of the package'],
    ['absent', { bin: 'nope.js' }, 'is not a file of the package'],
  ])('%s is refused', async (name, more, sentence) => {
    await expect(entry(name, more)).rejects.toMatchObject(unusable(expect.stringContaining(sentence)))
  })

  test('is chosen when there are several', () => {
    const bin = { mcp: 'a.js', admin: 'b.js' }
    expect(chooseBin('@x/mcp', bin, null)).toBe('mcp')
    expect(chooseBin('@x/other', bin, 'admin')).toBe('admin')
    expect(() => chooseBin('@x/other', bin, null)).toThrow('has several executables (mcp, admin); say which')
    expect(() => chooseBin('@x/other', bin, 'none')).toThrow('has no executable "none"; it has mcp, admin.')
  })

  test('first lines name node or something else', () => {
    expect(nodeFlags('#!/usr/bin/node')).toEqual([])
    expect(nodeFlags('#!/usr/bin/env node')).toEqual([])
    expect(nodeFlags('#! /usr/local/bin/node --a b')).toEqual(['--a', 'b'])
    expect(nodeFlags('#!/usr/bin/env bun')).toBeNull()
    expect(nodeFlags('#!/bin/sh')).toBeNull()
    expect(nodeFlags('#!')).toBeNull()
  })
})
