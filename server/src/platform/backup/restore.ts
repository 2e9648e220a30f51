/** Restoring a backup into an empty Berth: all of it, or nothing that anybody would take for a whole. */
import { mkdir, readdir, realpath, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import pg from 'pg'
import { keyCheckOf, masterKey, storedKey } from '../crypto.ts'
import { migrate, migrations } from '../db/migrate.ts'
import { readArchive, type ArchiveEntry } from './archive.ts'
import { jobsEntry } from './database.ts'
import { drain, extractFile, inTheWay } from './files.ts'
import { keyEntry, openKey } from './key.ts'
import { openLoading, type Loading, type WaitingJob } from './load.ts'
import { backupFormat, BackupError, manifestSchema, type Closing, type Manifest } from './manifest.ts'

export interface RestoreOptions {
  file: string
  /** Of the database itself, without a pooler. */
  url: string
  dataDir: string
  /** BERTH_SECRET_KEY, when that is set. */
  secretKey: string | null
  passphrase: string | null
  /** Go on without the key that the secrets are sealed with. */
  withoutKey: boolean
  /** Puts jobs that waited into the queue again. */
  enqueue(jobs: WaitingJob[]): Promise<void>
}

export interface Restored {
  manifest: Manifest
  rows: number
  files: number
  events: number
  /** The schema it is at now: this program's. */
  schema: number
}

/** Throws `BackupError` for what a person can mend. A restore that was cut off is begun anew by the next. */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { file, url, dataDir } = options
  const client = new pg.Client({ connectionString: url, application_name: 'berth-restore' })
  client.on('error', () => {}) // told by the query that it breaks
  await client.connect()
  const staging = path.join(dataDir, 'restoring')
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  await rm(staging, { recursive: true, force: true })
  await mkdir(staging, { mode: 0o700 })
  try {
    const work = new Restoring(client, options, await realpath(staging))
    const closing = await readArchive(file, (entry) => work.take(entry))
    return await work.finish(closing)
  } finally {
    await client.end()
    await rm(staging, { recursive: true, force: true })
  }
}

class Restoring {
  readonly #client: pg.Client
  readonly #options: RestoreOptions
  readonly #staging: string
  #manifest: Manifest | null = null
  #key: string | null = null
  #loading: Loading | null = null
  #files = 0

  constructor(client: pg.Client, options: RestoreOptions, staging: string) {
    this.#client = client
    this.#options = options
    this.#staging = staging
  }

  async take(entry: ArchiveEntry): Promise<void> {
    const { name } = entry.header
    if (!this.#manifest) {
      if (name !== 'manifest.json') throw new BackupError(`${this.#options.file} is not a backup of Berth.`)
      this.#manifest = this.#readManifest(await buffer(entry.content))
      return
    }
    if (name === keyEntry) {
      const sealed = await buffer(entry.content)
      const { passphrase } = this.#options
      if (!this.#givenKey() && passphrase) this.#key = openKey(sealed, passphrase)
      else if (!this.#givenKey() && !this.#options.withoutKey)
        throw new BackupError(
          'The backup holds its secret key, sealed: set BERTH_BACKUP_PASSPHRASE to the passphrase it was made with.',
        )
      return
    }
    this.#loading ??= await this.#begin(this.#manifest)
    if (name.startsWith('files/')) {
      await extractFile(this.#staging, entry)
      this.#files++
    } else if (name.startsWith(`${jobsEntry}/`)) await this.#loading.jobs(entry.content)
    else if (name.startsWith('database/')) await this.#loading.rows(name.split('/')[1]!, entry.content)
    else await drain(entry.content)
  }

  #readManifest(bytes: Buffer): Manifest {
    const { format, berth } = JSON.parse(bytes.toString()) as Partial<Manifest>
    if (format && format > backupFormat)
      throw new BackupError(
        `The backup was made by Berth ${berth} in format ${format}; this one reads up to ${backupFormat}. Restore it with that version.`,
      )
    const manifest = manifestSchema.parse(JSON.parse(bytes.toString()))
    const newest = migrations().at(-1)!.version
    if (manifest.schema > newest)
      throw new BackupError(
        `The backup is of schema ${manifest.schema}, made by Berth ${berth}; this one knows up to ${newest}. Restore it with that version or a newer one.`,
      )
    return manifest
  }

  #givenKey(): string | null {
    return this.#options.secretKey ?? storedKey(this.#options.dataDir)
  }

  /** Refuses before anything is written; then makes the tables as they were, empty. */
  async #begin(manifest: Manifest): Promise<Loading> {
    const { url, dataDir } = this.#options
    this.#demandKey(manifest)
    const { interrupted, left } = await this.#demandEmpty(manifest)
    if (interrupted) {
      for (const name of left) await rm(path.join(dataDir, name), { recursive: true, force: true })
      await this.#client.query('drop schema if exists pgboss cascade')
      await this.#client.query('drop schema public cascade; create schema public')
    }
    await this.#client.query('create table public.berth_restoring (files text[] not null)')
    await this.#client.query(`insert into public.berth_restoring values ('{}')`)
    await migrate(url, { upTo: manifest.schema, restoring: true })
    return await openLoading(this.#client, manifest)
  }

  #demandKey({ keyCheck }: Manifest): void {
    const key = this.#givenKey() ?? this.#key
    if (keyCheck === null || this.#options.withoutKey) return
    const { dataDir } = this.#options
    if (key === null)
      throw new BackupError(
        `The backup does not hold the key its secrets are sealed with. Put the secret.key of the Berth it was made on into ${dataDir}, ` +
          'or set BERTH_SECRET_KEY. If the key is lost, restore with --without-key: everything else comes back, and secrets have to be set anew.',
      )
    if (keyCheckOf(masterKey(key)) === keyCheck) return
    const where = this.#options.secretKey ? 'BERTH_SECRET_KEY' : `${dataDir}/secret.key`
    throw new BackupError(`${where} is not the key that this backup's secrets are sealed with.`)
  }

  async #demandEmpty({ contents }: Manifest): Promise<{ interrupted: boolean; left: string[] }> {
    const { rows } = await this.#client.query<{ name: string }>(
      `select c.relname as name from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')`,
    )
    const interrupted = rows.some(({ name }) => name === 'berth_restoring')
    if (rows.length > 0 && !interrupted)
      throw new BackupError(
        'The database is not empty, and a restore writes over nothing. Restore into a new data directory (BERTH_DATA_DIR) or an empty database (DATABASE_URL).',
      )
    const left = interrupted
      ? (
          await this.#client.query<{ files: string[] }>('select files from public.berth_restoring')
        ).rows.flatMap(({ files }) => files)
      : []
    const others = (await inTheWay(this.#options.dataDir)).filter((name) => !left.includes(name))
    if (contents === 'everything' && others.length > 0)
      throw new BackupError(
        `${this.#options.dataDir} is not empty (${others.slice(0, 5).join(', ')}), and a restore writes over nothing. Name a new data directory with BERTH_DATA_DIR.`,
      )
    return { interrupted, left }
  }

  /** The whole archive was read and is undamaged: what came of it becomes true. */
  async finish(closing: Closing): Promise<Restored> {
    if (!this.#manifest) throw new BackupError(`${this.#options.file} is not a backup of Berth.`)
    this.#loading ??= await this.#begin(this.#manifest)
    const { dataDir, url, secretKey } = this.#options
    const { events, waiting } = await this.#loading.close(closing)
    await this.#options.enqueue(waiting)
    const names = await readdir(this.#staging)
    await this.#client.query('update public.berth_restoring set files = $1', [names])
    for (const name of names) await rename(path.join(this.#staging, name), path.join(dataDir, name))
    if (this.#key && !secretKey)
      await writeFile(path.join(dataDir, 'secret.key'), `${this.#key}\n`, { mode: 0o600, flag: 'wx' })
    const schema = await migrate(url, { restoring: true })
    await this.#client.query('drop table public.berth_restoring')
    const rows = Object.values(closing.rows).reduce((sum, count) => sum + count, 0)
    return { manifest: this.#manifest, rows, files: this.#files, events, schema }
  }
}
