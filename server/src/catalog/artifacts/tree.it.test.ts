import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { execFileSync } from 'node:child_process'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readTree } from './read-tree.ts'
import { compareTrees, TreeFault } from './tree.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'berth-tree-'))
  await mkdir(path.join(root, 'lib/empty'), { recursive: true })
  await write('a.js', 'a')
  await write('lib/b "quoted"\n.js', 'b')
  await write('lib/big', 'x'.repeat(5 * 1024 * 1024))
})
afterEach(() => rm(root, { recursive: true, force: true }))

const write = (name: string, text: string) => writeFile(path.join(root, name), text)

describe('the digest of a folder', () => {
  test('does not depend on where it is or when it was written', async () => {
    const copy = `${root}-copy`
    execFileSync('cp', ['-r', root, copy])
    try {
      expect(await readTree(copy)).toEqual(await readTree(root))
    } finally {
      await rm(copy, { recursive: true })
    }
  })

  test.each<[string, 'changed' | 'added' | 'missing', string, () => Promise<unknown>]>([
    ['a byte of a file', 'changed', 'a.js', () => write('a.js', 'b')],
    [
      'a byte of a large file',
      'changed',
      'lib/big',
      () => write('lib/big', `${'x'.repeat(5 * 1024 * 1024 - 1)}y`),
    ],
    ['that a file may be executed', 'changed', 'a.js', () => chmod(path.join(root, 'a.js'), 0o755)],
    ['a new file', 'added', 'lib/empty/new', () => write('lib/empty/new', '')],
    ['a new folder', 'added', 'folder', () => mkdir(path.join(root, 'folder'))],
    ['a new link', 'added', 'link', () => symlink('a.js', path.join(root, 'link'))],
    ['a removed file', 'missing', 'lib/b "quoted"\n.js', () => rm(path.join(root, 'lib/b "quoted"\n.js'))],
    ['a removed folder', 'missing', 'lib/empty', () => rm(path.join(root, 'lib/empty'), { recursive: true })],
    [
      'a file that became a link to the same bytes',
      'changed',
      'a.js',
      async () => {
        await write('same.js', 'a')
        await rm(path.join(root, 'a.js'))
        await symlink('same.js', path.join(root, 'a.js'))
      },
    ],
  ])('tells %s, and the listing tells where', async (_what, change, name, work) => {
    const before = await readTree(root)
    await work()
    const after = await readTree(root)
    expect(after.digest).not.toBe(before.digest)
    expect(compareTrees(before.listing, after.listing)).toContainEqual({ path: name, change })
  })

  test('leaves out what is ignored, at any depth', async () => {
    const before = await readTree(root, ['.git'])
    await mkdir(path.join(root, 'lib/.git'))
    await write('lib/.git/HEAD', 'x')
    expect(await readTree(root, ['.git'])).toEqual(before)
  })
})

describe('a folder cannot be an artifact', () => {
  test.each([
    ['to an absolute path', '/etc/passwd'],
    ['upwards', '../../etc/passwd'],
    ['to itself by its full path', 'absolute'],
  ])('with a link that leads out %s', async (_what, target) => {
    await symlink(target === 'absolute' ? path.join(root, 'a.js') : target, path.join(root, 'lib/link'))
    await expect(readTree(root)).rejects.toThrow(TreeFault)
    await expect(readTree(root)).rejects.toThrow('The link "lib/link" leads out of the folder')
  })

  test('with a link that leads out through another link', async () => {
    await writeFile(`${root}-outside`, '')
    await symlink('..', path.join(root, 'lib/up'))
    await symlink(`lib/up/../${path.basename(root)}-outside`, path.join(root, 'out'))
    await expect(readTree(root)).rejects.toThrow('leads out of the folder')
    await rm(`${root}-outside`)
  })

  test('with something that is neither file, folder nor link', async () => {
    const server = createServer().listen(path.join(root, 'socket'))
    await new Promise((resolve) => server.once('listening', resolve))
    await expect(readTree(root)).rejects.toThrow('"socket" is neither a file, a folder nor a link.')
    await new Promise((resolve) => server.close(resolve))
  })
})
