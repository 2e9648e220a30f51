/** An organization's export: one consistent moment of it as a `.tar.gz`, made while it is read, in constant memory. */
import { createHash } from 'node:crypto'
import { pipeline, type Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import type pg from 'pg'
import { pack, type Pack } from 'tar-stream'
import type { ExportManifest, Organization } from '@berth/contracts'
import { version } from '../platform/version.ts'
import { MerkleRoot } from './merkle.ts'
import { readmeOf } from './readme.ts'
import { exportedTables, type ExportedTable } from './tables.ts'

const rowsAtOnce = 200
/** A table longer than this becomes several files: what stands in a tar has to be known in full beforehand. */
const fileBytes = 1024 * 1024

export interface ArchiveOptions {
  /** Gives a connection of its own; it is held until the archive is read, or nobody reads on. */
  connect(): Promise<pg.PoolClient>
  organization: Organization
  /** The archive's name without `.tar.gz`: the folder that everything is in. */
  folder: string
  exportedBy: string
  at: Date
  /** How long it waits for somebody who reads no further: a minute. */
  patienceMs?: number
  onEnd(): void
}

/** Bytes of the archive. Nobody reading on ends it and gives the connection back. */
export function archiveOf(options: ArchiveOptions): Readable {
  const tar = pack()
  const gzip = createGzip()
  const mtime = options.at
  const fill = async () => {
    for await (const { name, body } of filesOf(options))
      await put(tar, { name: `${options.folder}/${name}`, body, mtime }, options.patienceMs)
    tar.finalize()
  }
  fill()
    .catch((error: Error) => tar.destroy(error))
    .finally(options.onEnd)
  pipeline(tar, gzip, () => {})
  return gzip
}

interface ArchiveFile {
  name: string
  body: Buffer
}

/** Resolves when the file was read; who reads no further must not hold a snapshot of the database. */
function put(
  tar: Pack,
  { name, body, mtime }: ArchiveFile & { mtime: Date },
  patienceMs = 60_000,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = setTimeout(() => tar.destroy(new Error('nobody read on')), patienceMs)
    const entry = tar.entry({ name, mtime }, body, (error) => {
      clearTimeout(giveUp)
      if (error) reject(error)
      else resolve()
    })
    entry.on('error', reject) // without somebody who hears of it, it would end this process
  })
}

async function* filesOf(options: ArchiveOptions): AsyncGenerator<ArchiveFile> {
  const { organization, at, exportedBy } = options
  const client = await options.connect()
  let broken: Error | undefined
  try {
    await client.query('begin isolation level repeatable read read only')
    await client.query(`set local timezone to 'UTC'`)
    const tables: ExportManifest['tables'] = []
    const log = { events: 0, root: new MerkleRoot() }
    yield { name: 'README.md', body: Buffer.from(readmeOf(organization)) }
    for (const table of exportedTables) {
      const entry = { name: table.name, rows: 0, files: [] as ExportManifest['tables'][number]['files'] }
      for await (const { lines, hashes } of partsOf(client, table, organization.id)) {
        const number = entry.files.length + 1
        const name = number === 1 ? `${table.name}.jsonl` : `${table.name}.${number}.jsonl`
        const body = Buffer.from(lines.map((line) => `${line}\n`).join(''))
        const sha256 = createHash('sha256').update(body).digest('hex')
        entry.rows += lines.length
        entry.files.push({ name, rows: lines.length, bytes: body.length, sha256 })
        for (const hash of hashes) log.root.add(hash)
        log.events += hashes.length
        yield { name, body }
      }
      tables.push(entry)
    }
    const manifest: ExportManifest = {
      format: 'berth-organization-export/1',
      berth: version,
      organization: { id: organization.id, slug: organization.slug, name: organization.name },
      exportedAt: at.toISOString(),
      exportedBy,
      tables,
      log: { events: log.events, root: log.root.hex() },
    }
    yield { name: 'manifest.json', body: Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`) }
  } catch (error) {
    broken = error as Error
    throw error
  } finally {
    const ended = broken ? null : await client.query('rollback').catch((error: Error) => error)
    client.release(broken ?? (ended instanceof Error ? ended : undefined))
  }
}

interface Part {
  lines: string[]
  /** Of the log: the hash of each event. */
  hashes: Buffer[]
}

/** A table's rows as JSON lines, about a file's worth at a time; an empty table is one empty file. */
async function* partsOf(
  client: pg.PoolClient,
  table: ExportedTable,
  organizationId: string,
): AsyncGenerator<Part> {
  const isLog = table.name === 'log'
  const hash = isLog ? `, t."leafHash" as hash` : ''
  await client.query(
    `declare export no scroll cursor for select row_to_json(t)::text as line${hash} from (${table.sql}) t`,
    [organizationId],
  )
  let part: Part = { lines: [], hashes: [] }
  let bytes = 0
  let parts = 0
  for (;;) {
    const { rows } = await client.query<{ line: string; hash?: string }>(`fetch ${rowsAtOnce} from export`)
    for (const row of rows) {
      part.lines.push(row.line)
      if (isLog) part.hashes.push(Buffer.from(row.hash!, 'hex'))
      bytes += row.line.length
      if (bytes < fileBytes) continue
      yield part
      parts++
      part = { lines: [], hashes: [] }
      bytes = 0
    }
    if (rows.length < rowsAtOnce) break
  }
  if (part.lines.length > 0 || parts === 0) yield part
  await client.query('close export')
}
