/** The data directory in a backup: artifacts, servers' files, logs and journals, without what is made anew or secret. */
import { constants } from 'node:fs'
import {
  chmod,
  chown,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  realpath,
  symlink,
  utimes,
} from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import path from 'node:path'
import type { ArchiveEntry, ArchiveWriter, EntryHeader } from './archive.ts'
import { BackupError } from './manifest.ts'

/**
 * Left out: the database's own files (the database is in the backup as rows), what belongs to running processes, caches,
 * earlier backups, and keys, which go into a backup only sealed.
 */
const leftOut = [
  /^postgres$/,
  /^postgres\.json/,
  /^pg-/,
  /^berth\.(lock|pid)/,
  /^secret\.key/,
  /^backups$/,
  /^restoring$/,
  /^runners?$/,
  /^artifacts\/(tmp|npm-cache)$/,
  /^state\/observe-/,
]

/** Journals are removed once they are copied into the database: held open from before its snapshot on, none is missed. */
const journals = 'calls'

export interface PinnedFiles {
  handles: Map<string, FileHandle>
  close(): Promise<void>
}

export async function pinJournals(dataDir: string): Promise<PinnedFiles> {
  const handles = new Map<string, FileHandle>()
  for (const name of await readdir(path.join(dataDir, journals)).catch(() => [])) {
    const handle = await open(path.join(dataDir, journals, name)).catch(() => null)
    if (handle) handles.set(`${journals}/${name}`, handle)
  }
  return {
    handles,
    close: async () => {
      for (const handle of handles.values()) await handle.close().catch(() => {})
    },
  }
}

/** Writes every file below the data directory, and how many there were. What vanishes meanwhile was not needed. */
export async function addFiles(
  archive: ArchiveWriter,
  dataDir: string,
  pinned: PinnedFiles,
): Promise<number> {
  let count = 0
  const root = await realpath(dataDir)
  for (const [name, handle] of pinned.handles) {
    await addFile(archive, name, handle)
    count++
  }
  for await (const name of walk(root, '')) {
    if (!pinned.handles.has(name) && (await addPath(archive, root, name))) count++
  }
  return count
}

async function* walk(dataDir: string, below: string): AsyncGenerator<string> {
  const entries = await readdir(path.join(dataDir, below), { withFileTypes: true }).catch(() => [])
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = below ? `${below}/${entry.name}` : entry.name
    if (leftOut.some((pattern) => pattern.test(name))) continue
    yield name
    if (entry.isDirectory()) yield* walk(dataDir, name)
  }
}

async function addPath(archive: ArchiveWriter, dataDir: string, name: string): Promise<boolean> {
  const full = path.join(dataDir, name)
  try {
    const stats = await lstat(full)
    if (stats.isFile()) {
      return await addOpened(archive, name, full)
    } else if (stats.isDirectory()) {
      await archive.add({ ...headerOf(name, stats), type: 'directory' })
    } else if (stats.isSymbolicLink()) {
      await archive.add({ ...headerOf(name, stats), type: 'symlink', linkname: await readlink(full) })
    } else return false // a socket or a pipe of a server: nothing to keep
    return true
  } catch (error) {
    if (gone.has((error as NodeJS.ErrnoException).code!)) return false
    throw error
  }
}

/** What a path says when it was removed, or replaced by a link or a pipe, since it was found. */
const gone = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'])

/**
 * A server may put a link or a pipe in the place of its file, or of a folder above it, at any moment: what was opened
 * counts only if it lies where it was found, and nothing is waited for.
 */
async function addOpened(archive: ArchiveWriter, name: string, full: string): Promise<boolean> {
  const handle = await open(full, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const lies = process.platform === 'linux' ? readlink(`/proc/self/fd/${handle.fd}`) : realpath(full)
    if ((await lies) !== full || !(await handle.stat()).isFile()) return false
    await addFile(archive, name, handle)
    return true
  } finally {
    await handle.close()
  }
}

type Stats = Awaited<ReturnType<typeof lstat>>

const headerOf = (name: string, stats: Stats): EntryHeader => ({
  name: `files/${name}`,
  mode: Number(stats.mode) & 0o7777,
  uid: Number(stats.uid),
  gid: Number(stats.gid),
  mtime: stats.mtime,
})

async function addFile(archive: ArchiveWriter, name: string, handle: FileHandle): Promise<void> {
  const stats = await handle.stat()
  await archive.add({ ...headerOf(name, stats), size: stats.size }, exactly(handle, stats.size))
}

/** As many bytes as were promised: a file that grows is cut there, one that shrinks is filled up with zeros. */
async function* exactly(handle: FileHandle, size: number): AsyncGenerator<Buffer> {
  let at = 0
  while (at < size) {
    const buffer = Buffer.alloc(Math.min(1024 * 1024, size - at))
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at)
    yield bytesRead === 0 ? buffer : buffer.subarray(0, bytesRead)
    at += bytesRead || buffer.length
  }
}

const isRoot = process.getuid?.() === 0

/** Puts an entry of `files/` below `folder`, and never elsewhere. */
export async function extractFile(folder: string, { header, content }: ArchiveEntry): Promise<void> {
  const name = path.posix.normalize(header.name.replace(/^files\//, '').replace(/\/$/, ''))
  const target = path.join(folder, name)
  if (name.startsWith('..') || path.isAbsolute(name)) throw leadsOut(header.name)
  await makeFolder(folder, path.dirname(name), header.name)
  if (header.type === 'symlink') {
    await symlink(header.linkname!, target)
    await drain(content)
    return
  }
  if (header.type === 'directory') {
    await makeFolder(folder, name, header.name)
    await drain(content)
  } else {
    const handle = await open(target, 'wx', 0o600)
    try {
      for await (const part of content) await handle.write(part)
    } finally {
      await handle.close()
    }
  }
  if (isRoot) await chown(target, header.uid!, header.gid!)
  // Its owner can always enter and change what is put there next.
  await chmod(target, header.type === 'directory' ? header.mode! | 0o700 : header.mode!)
  if (header.mtime) await utimes(target, header.mtime, header.mtime)
}

/** Makes a folder and those above it; none of them is a link, which could lead elsewhere. */
async function makeFolder(folder: string, below: string, entry: string): Promise<void> {
  let at = folder
  for (const part of below.split('/')) {
    at = path.join(at, part)
    await mkdir(at).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    if (!(await lstat(at)).isDirectory()) throw leadsOut(entry)
  }
}

const leadsOut = (name: string) =>
  new BackupError(
    `The backup has a file that would lie outside of the data directory: ${JSON.stringify(name)}.`,
  )

export async function drain(content: AsyncIterable<Buffer>): Promise<void> {
  for await (const part of content) void part
}

/** What of an existing data directory a restore would have to write over. */
export async function inTheWay(dataDir: string): Promise<string[]> {
  const names = await readdir(dataDir).catch(() => [])
  return names.filter((name) => !leftOut.some((pattern) => pattern.test(name)))
}
