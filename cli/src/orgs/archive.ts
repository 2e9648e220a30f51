/** Reads an organization's export and checks it against itself, without a server. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { exportManifest, type ExportManifest } from '@berth/contracts'
import canonicalize from 'canonicalize'
import { extract } from 'tar-stream'
import { RefusedError } from '../core/errors.ts'

/** One event of the log as it stands in `log.jsonl`. */
interface LogLine {
  seq: number
  leaf: string
  leafHash: string
  openings: { field: string; value: unknown; salt: string }[]
}

type Bytes = AsyncIterable<Buffer>

interface FoundFile {
  rows: number
  bytes: number
  sha256: string
}

/** What was found to hold. */
export interface Verified {
  manifest: ExportManifest
  files: number
  rows: number
  events: number
  /** Personal fields whose text was erased: the log holds without it. */
  erased: number
}

/** Checks every file, the log and its root. Throws RefusedError with what is wrong first. */
export async function verifyExport(file: string): Promise<Verified> {
  const found = new Map<string, FoundFile>()
  const log = new LogCheck()
  let manifest: ExportManifest | null = null
  const tar = extract()
  const reading = pipeline(createReadStream(file), createGunzip(), tar)
  reading.catch(() => {})
  try {
    for await (const entry of tar) {
      const name = entry.header.name.slice(entry.header.name.indexOf('/') + 1)
      if (name === 'manifest.json') manifest = parseManifest(await textOf(entry as Bytes))
      else found.set(name, await readFile(entry as Bytes, /^log(\.\d+)?\.jsonl$/.test(name) ? log : null))
    }
    await reading
  } catch (error) {
    if (error instanceof RefusedError) throw error
    throw new RefusedError(`${file} is no whole archive: ${(error as Error).message}.`)
  }
  if (!manifest) throw new RefusedError(`${file} has no manifest.json: it is no whole export of Berth.`)
  compare(manifest, found)
  log.finish(manifest)
  const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0)
  return { manifest, files: found.size + 1, rows, events: log.events, erased: log.erased }
}

function parseManifest(text: string): ExportManifest {
  try {
    return exportManifest.parse(JSON.parse(text))
  } catch {
    throw new RefusedError('manifest.json is not that of an export this mcpctl knows.')
  }
}

async function textOf(entry: Bytes): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of entry) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

async function readFile(entry: Bytes, log: LogCheck | null): Promise<FoundFile> {
  const hash = createHash('sha256')
  let [bytes, rows] = [0, 0]
  const counted = async function* () {
    for await (const chunk of entry) {
      hash.update(chunk)
      bytes += chunk.length
      yield chunk
    }
  }
  for await (const line of createInterface({ input: Readable.from(counted()), crlfDelay: Infinity })) {
    rows++
    log?.add(line)
  }
  return { rows, bytes, sha256: hash.digest('hex') }
}

function compare(manifest: ExportManifest, found: Map<string, FoundFile>): void {
  const named = new Set(['README.md'])
  for (const table of manifest.tables) {
    for (const { name, ...expected } of table.files) {
      named.add(name)
      const actual = found.get(name)
      if (!actual) throw new RefusedError(`${name} is missing from the archive.`)
      for (const field of ['bytes', 'rows', 'sha256'] as const) {
        if (actual[field] === expected[field]) continue
        throw new RefusedError(
          `${name} was changed: the manifest says ${field} ${expected[field]}, and it is ${actual[field]}.`,
        )
      }
    }
    const rows = table.files.reduce((sum, one) => sum + one.rows, 0)
    if (rows !== table.rows) throw new RefusedError(`The manifest contradicts itself about ${table.name}.`)
  }
  const strange = [...found.keys()].find((name) => !named.has(name))
  if (strange) throw new RefusedError(`${strange} is in the archive, and the manifest does not know it.`)
}

/** The log, event by event: no gap, every hash right, every opening committed to, and the root over all. */
class LogCheck {
  events = 0
  erased = 0
  private previous: number | null = null
  private organization: string | null = null
  private readonly peaks: { hash: Buffer; leaves: number }[] = []

  add(line: string): void {
    const { seq, leaf, leafHash, openings } = JSON.parse(line) as LogLine
    const bytes = Buffer.from(leaf, 'base64')
    const hash = sha256(Buffer.from([0]), bytes)
    if (hash.toString('hex') !== leafHash) throw broken(seq, 'its bytes do not have the hash that it says')
    if (this.previous !== null && seq !== this.previous + 1) throw broken(seq, `it follows ${this.previous}`)
    const content = JSON.parse(bytes.toString('utf8')) as {
      seq: number
      organization: string
      payload: Record<string, unknown>
    }
    if (content.seq !== seq) throw broken(seq, `its bytes are those of event ${content.seq}`)
    this.organization ??= content.organization
    if (content.organization !== this.organization) throw broken(seq, 'it is of another organization')
    for (const { field, value, salt } of openings) {
      const commitment = sha256(Buffer.from(salt, 'base64'), Buffer.from(canonicalize(value) ?? 'null'))
      if (committed(content.payload[field]) === `sha256:${commitment.toString('hex')}`) continue
      throw broken(seq, `its ${field} is not what the log committed to`)
    }
    const commitments = Object.values(content.payload).filter((value) => committed(value) !== null)
    this.erased += commitments.length - openings.length
    this.previous = seq
    this.events++
    this.join(hash)
  }

  finish({ log, organization }: ExportManifest): void {
    if (this.organization !== null && this.organization !== organization.id) {
      throw new RefusedError('The log is that of another organization than the manifest names.')
    }
    if (this.events !== log.events) {
      throw new RefusedError(`The log has ${this.events} events, and the manifest says ${log.events}.`)
    }
    if (this.root() !== log.root)
      throw new RefusedError('The log does not have the root that the manifest gives.')
  }

  /** RFC 6962's tree, kept as the roots of its complete subtrees. */
  private join(hash: Buffer): void {
    let peak = { hash, leaves: 1 }
    while (this.peaks.at(-1)?.leaves === peak.leaves) {
      const left = this.peaks.pop()!
      peak = { hash: sha256(Buffer.from([1]), left.hash, peak.hash), leaves: left.leaves * 2 }
    }
    this.peaks.push(peak)
  }

  private root(): string {
    const hashes = this.peaks.map((peak) => peak.hash)
    if (hashes.length === 0) return sha256().toString('hex')
    return hashes.reduceRight((right, left) => sha256(Buffer.from([1]), left, right)).toString('hex')
  }
}

function committed(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 1) return null
  const { commitment } = value as { commitment?: unknown }
  return typeof commitment === 'string' ? commitment : null
}

const broken = (seq: number, why: string) => new RefusedError(`The log is broken at event ${seq}: ${why}.`)

function sha256(...parts: Buffer[]): Buffer {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
