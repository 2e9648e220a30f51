/** Making a backup: the database from one snapshot, then the files, while Berth may run. */
import { existsSync } from 'node:fs'
import { mkdir, statfs } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import { version } from '../version.ts'
import { writeArchive, type ArchiveWriter } from './archive.ts'
import { dumpTables, openSnapshot, schemaOf, sequencesOf, tablesOf } from './database.ts'
import { addFiles, pinJournals } from './files.ts'
import { keyEntry, sealKey } from './key.ts'
import { backupFormat, BackupError, type Manifest } from './manifest.ts'

export interface BackupOptions {
  file: string
  /** Of the database itself: a snapshot does not live behind a pooler. */
  url: string
  dataDir: string
  contents: Manifest['contents']
  keyCheck: string | null
  /** The key to take in, sealed with the passphrase; null: it stays outside. */
  key: { base64: string; passphrase: string } | null
}

export interface Backup {
  manifest: Manifest
  rows: number
  files: number
}

/** Writes the backup. Throws `BackupError` for what a person can mend. */
export async function writeBackup(options: BackupOptions): Promise<Backup> {
  const { file, url, dataDir } = options
  if (existsSync(file)) throw new BackupError(`${file} is there already. Name another file, or remove it.`)
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
  const client = new pg.Client({ connectionString: url, application_name: 'berth-backup' })
  client.on('error', () => {}) // told by the query that it breaks
  await client.connect()
  try {
    await demandSpace(client, path.dirname(file))
    const archive = writeArchive(file)
    try {
      return await fill(archive, client, options)
    } catch (error) {
      await archive.abandon()
      throw sentenceOf(error, file)
    }
  } finally {
    await client.end()
  }

  async function fill(archive: ArchiveWriter, from: pg.Client, { contents, keyCheck, key }: BackupOptions) {
    const before = contents === 'everything' ? await pinJournals(dataDir) : null
    try {
      await openSnapshot(from)
      const schema = await schemaOf(from)
      if (schema === 0) throw new BackupError('There is nothing to back up: the database has no Berth in it.')
      const tables = await tablesOf(from)
      const takenAt = new Date().toISOString()
      const manifest: Manifest = {
        kind: 'berth-backup',
        format: backupFormat,
        berth: version,
        schema,
        takenAt,
        contents,
        keyCheck,
        tables,
      }
      await archive.add({ name: 'manifest.json' }, Buffer.from(JSON.stringify(manifest)))
      if (key) await archive.add({ name: keyEntry }, sealKey(key.base64, key.passphrase))
      const rows = await dumpTables(from, archive, tables)
      await from.query('commit')
      const files = before ? await addFiles(archive, dataDir, before) : 0
      await archive.close({ rows, files, sequences: await sequencesOf(from) })
      return { manifest, rows: Object.values(rows).reduce((sum, count) => sum + count, 0), files }
    } finally {
      await before?.close()
    }
  }
}

/** A backup is smaller than the database, so as much free space is enough, and less may be too little. */
async function demandSpace(client: pg.Client, folder: string): Promise<void> {
  const { rows } = await client.query<{ size: string }>('select pg_database_size(current_database()) as size')
  const needed = Number(rows[0]!.size)
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize >= needed) return
  throw new BackupError(
    `The backup may need ${megabytes(needed)} and ${folder} has ${megabytes(bavail * bsize)} left. Free some space, or name a file on another disk.`,
  )
}

const megabytes = (bytes: number) => `${Math.ceil(bytes / 1_000_000)} MB`

function sentenceOf(error: unknown, file: string): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC') return new BackupError(`The disk of ${file} is full; nothing was left there.`)
  if (code === 'EACCES' || code === 'EROFS')
    return new BackupError(
      `${file} cannot be written (${code}). Name a file in a folder that Berth's user may write.`,
    )
  return error
}
