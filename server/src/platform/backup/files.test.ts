import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ArchiveWriter, EntryHeader } from './archive.ts'
import { addFiles, extractFile } from './files.ts'

let folder: string
let outside: string
beforeEach(async () => {
  const root = await realpath(await mkdtemp(path.join(tmpdir(), 'berth-files-')))
  folder = path.join(root, 'data')
  outside = path.join(root, 'outside')
  await mkdir(folder)
  await mkdir(outside)
  await writeFile(path.join(outside, 'secret'), 'not for servers')
})
afterEach(() => rm(path.dirname(folder), { recursive: true }))

describe('what a server does to its files while they are copied', () => {
  /** What is copied, while `meanwhile` is done once an entry of this name was. */
  async function copied(name: string, meanwhile: () => Promise<void>): Promise<Record<string, string>> {
    const entries: Record<string, string> = {}
    const add: ArchiveWriter['add'] = async (header, content) => {
      entries[header.name] = header.type ?? (await buffer(content as AsyncIterable<Buffer>)).toString()
      if (header.name === `files/${name}`) await meanwhile()
    }
    const archive = { add, close: async () => {}, abandon: async () => {} }
    await addFiles(archive, folder, { handles: new Map(), close: async () => {} })
    return entries
  }

  test('does not bring a file from elsewhere into the backup by way of a folder', async () => {
    await mkdir(path.join(folder, 'state'))
    const entries = await copied('state', async () => {
      await rename(path.join(folder, 'state'), path.join(folder, 'state-before'))
      await symlink(outside, path.join(folder, 'state'))
    })
    expect(Object.values(entries)).not.toContain('not for servers')
  })

  test('keeps files and links as they are', async () => {
    await writeFile(path.join(folder, 'a'), 'kept')
    await symlink('../outside/secret', path.join(folder, 'b'))
    expect(await copied('', async () => {})).toEqual({ 'files/a': 'kept', 'files/b': 'symlink' })
  })
})

describe('an entry of a backup', () => {
  const put = (header: Partial<EntryHeader> & { name: string }) =>
    extractFile(folder, {
      header: { type: 'file', mode: 0o777, uid: 0, gid: 0, size: 0, ...header },
      content: (async function* () {})(),
    })

  test.each(['files/link/made/file', 'files/link/file', 'files/link'])(
    'leads nowhere by way of a link: %s',
    async (name) => {
      await chmod(outside, 0o750)
      await put({ name: 'files/link', type: 'symlink', linkname: outside })
      await expect(put({ name, type: name === 'files/link' ? 'directory' : 'file' })).rejects.toThrow(
        'outside of the data directory',
      )
      expect(await readdir(outside)).toEqual(['secret'])
      expect((await stat(outside)).mode & 0o777).toBe(0o750)
    },
  )

  test('gets the folders it lies in', async () => {
    await put({ name: 'files/calls/one' })
    await put({ name: 'files/calls/', type: 'directory', mode: 0o700 })
    await put({ name: 'files/calls/two' })
    expect(await readdir(path.join(folder, 'calls'))).toEqual(['one', 'two'])
  })
})
