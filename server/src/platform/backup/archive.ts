/** The archive: a gzipped tar, written and read in one pass in constant memory, closed by a digest of all before it. */
import { createHash, type Hash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, createWriteStream, rmSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import tar from 'tar-stream'
import { BackupError, closingSchema, type Closing } from './manifest.ts'

const closingName = 'closing.json'

export interface EntryHeader {
  name: string
  size?: number
  type?: 'file' | 'directory' | 'symlink'
  linkname?: string
  mode?: number
  uid?: number
  gid?: number
  mtime?: Date
}

export interface ArchiveWriter {
  add(header: EntryHeader, content?: Buffer | AsyncIterable<Buffer>): Promise<void>
  /** Writes the last entry and puts the file in its place, on the disk. */
  close(closing: Omit<Closing, 'sha256'>): Promise<void>
  /** Leaves nothing behind. */
  abandon(): Promise<void>
}

/** Writes to a neighbour of `file` first: what has the name is whole. */
export function writeArchive(file: string): ArchiveWriter {
  const partial = `${file}.partial`
  const pack = tar.pack()
  const hash = createHash('sha256')
  // Never into what somebody else left there, who could read it then.
  rmSync(partial, { force: true })
  const target = createWriteStream(partial, { mode: 0o600, flags: 'wx' })
  const written = pipeline(pack, createGzip({ level: 4 }), target)
  written.catch(() => {})

  async function add(header: EntryHeader, content: Buffer | AsyncIterable<Buffer> = Buffer.alloc(0)) {
    const size = Buffer.isBuffer(content) ? content.length : header.size!
    const full = { type: 'file' as const, mode: 0o600, ...header, size }
    hashHeader(hash, full)
    const done = Promise.withResolvers<void>()
    const entry = pack.entry(full, (error) => (error ? done.reject(error) : done.resolve()))
    if (full.type !== 'file') return await done.promise
    const parts = Buffer.isBuffer(content) ? [content] : content
    for await (const part of parts) {
      hash.update(part)
      if (!entry.write(part)) await Promise.race([once(entry, 'drain'), written])
    }
    entry.end(undefined)
    await Promise.race([done.promise, written])
  }

  return {
    add,
    close: async (closing) => {
      const text = JSON.stringify({ ...closing, sha256: hash.digest('hex') })
      const done = Promise.withResolvers<void>()
      pack.entry({ name: closingName, mode: 0o600 }, text, (error) =>
        error ? done.reject(error) : done.resolve(),
      )
      await Promise.race([done.promise, written])
      pack.finalize()
      await written
      const handle = await open(partial, 'r')
      await handle.sync()
      await handle.close()
      await rename(partial, file)
    },
    abandon: async () => {
      pack.destroy()
      await written.catch(() => {})
      await rm(partial, { force: true })
    },
  }
}

export interface ArchiveEntry {
  header: EntryHeader & { name: string; size: number }
  content: AsyncIterable<Buffer>
}

/** Hands each entry but the last to `take`, which reads it to its end; then compares the digest. Returns the last one. */
export async function readArchive(
  file: string,
  take: (entry: ArchiveEntry) => Promise<void>,
): Promise<Closing> {
  const hash = createHash('sha256')
  const extract = tar.extract()
  const fed = pipeline(createReadStream(file), createGunzip(), extract)
  fed.catch(() => {})
  let closing: Closing | null = null
  try {
    for await (const entry of extract) {
      const { name, size, type, linkname, mode, uid, gid, mtime } = entry.header
      if (name === closingName) {
        closing = closingSchema.parse(JSON.parse((await buffer(entry)).toString()))
        continue
      }
      if (closing) throw new BackupError(`${file} goes on after its end: it is not a backup of Berth.`)
      const kind = type === 'directory' || type === 'symlink' ? type : ('file' as const)
      const header = { name, size, type: kind, mode: mode ?? 0o600, uid: uid ?? 0, gid: gid ?? 0 }
      const full = { ...header, ...(linkname ? { linkname } : {}), ...(mtime ? { mtime } : {}) }
      hashHeader(hash, full)
      await take({ header: full, content: hashed(entry as AsyncIterable<Buffer>, hash) })
    }
    await fed
  } catch (error) {
    if (error instanceof BackupError) throw error
    const { code, name } = error as NodeJS.ErrnoException
    const broken = code?.startsWith('Z_') || name === 'ZodError' || /tar|Unexpected end/i.test(String(error))
    if (!broken) throw error
    throw new BackupError(`${file} cannot be read as a backup: it is damaged, cut off, or something else.`, {
      cause: error,
    })
  }
  if (!closing) throw new BackupError(`${file} ends too early: it was cut off. Use another backup.`)
  if (closing.sha256 !== hash.digest('hex'))
    throw new BackupError(
      `${file} is damaged: its bytes are not those that were written. Use another backup.`,
    )
  return closing
}

/** Names and sizes count too, so that no entry can be renamed, cut or moved. */
function hashHeader(hash: Hash, { name, size = 0, type = 'file', linkname = '' }: EntryHeader): void {
  hash.update(`${JSON.stringify([name.replace(/\/$/, ''), size, type, linkname])}\n`)
}

async function* hashed(content: AsyncIterable<Buffer>, hash: Hash): AsyncGenerator<Buffer> {
  for await (const part of content) {
    hash.update(part)
    yield part
  }
}
