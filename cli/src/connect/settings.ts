import { createHash, randomBytes } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { JsonFault, readJson } from '@berth/contracts'
import { credentialsPath } from '../core/credentials.ts'
import { RefusedError, whyUnreadable } from '../core/errors.ts'
import { withMember, withoutMember } from '../core/jsonc.ts'

/** What `connect` did to a client's file, kept so that it can be undone. Holds no token of Berth's. */
export interface Connection {
  file: string
  /** The entry's name in the file, and the member that holds it. */
  name: string
  servers: string
  /** The deployment's MCP URL, and the Berth and token it was made with; no token id for a token given by file. */
  mcpUrl: string
  berthUrl: string
  tokenId?: string
  /** The file as it was before; absent when there was none, or when connect replaced its own entry. */
  backup?: string
  created: boolean
  /** SHA-256 of what was written. */
  written: string
  /** The entry that was there before. */
  former?: unknown
}

/** A client's settings file, read: its text, and what its servers are. */
export interface Settings {
  file: string
  /** Undefined when there is no such file. */
  text: string | undefined
  entries: Record<string, unknown>
}

/** Reads a settings file; one that is missing is empty, but its folder must be there. */
export function readSettings(path: string, servers: string, title: string): Settings {
  if (!existsSync(path)) {
    if (existsSync(dirname(path))) return { file: path, text: undefined, entries: {} }
    throw new RefusedError(
      `There is no folder ${dirname(path)}. Is ${title} installed for this user? --file names another settings file.`,
    )
  }
  try {
    const file = realpathSync(path)
    const text = readFileSync(file, 'utf8')
    if (!text.trim()) return { file, text, entries: {} }
    const held = (readJson(text).value as Record<string, unknown> | null)?.[servers] ?? {}
    if (typeof held !== 'object' || Array.isArray(held)) throw new JsonFault(`"${servers}" is not an object`)
    return { file, text, entries: held as Record<string, unknown> }
  } catch (error) {
    if (error instanceof JsonFault) {
      throw new RefusedError(
        `${path} cannot be edited safely (${error.message}). Mend it, or add the entry by hand.`,
      )
    }
    throw new RefusedError(`${path} cannot be read: ${whyUnreadable(error)}.`)
  }
}

/** The text with the entry in it. Refuses when anything else would change by it. */
export function edited(settings: Settings, servers: string, name: string, entry: unknown): string {
  const { text } = settings
  if (text === undefined || !text.trim())
    return `${JSON.stringify({ [servers]: { [name]: entry } }, null, 2)}\n`
  const before = readJson(text).value as Record<string, unknown>
  const after = { ...before, [servers]: { ...settings.entries, [name]: entry } }
  return checked(settings.file, () => withMember(text, [servers, name], entry), after)
}

/** The text without the entry, or with the one that was there before. */
function withoutEntry(settings: Settings, { servers, name, former, file }: Connection): string {
  const text = settings.text ?? ''
  if (former !== undefined) return edited(settings, servers, name, former)
  const { [name]: _, ...others } = settings.entries
  const after = { ...(readJson(text).value as Record<string, unknown>), [servers]: others }
  return checked(file, () => withoutMember(text, [servers, name]), after)
}

function checked(file: string, edit: () => string, wanted: unknown): string {
  try {
    const text = edit()
    if (isDeepStrictEqual(readJson(text).value, wanted)) return text
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error
  }
  throw new RefusedError(`${file} cannot be edited safely. Change the entry by hand.`)
}

/** Replaces a file in one step, keeping its mode; a new one is its owner's alone, as it holds a token. */
export function replaceFile(file: string, text: string): void {
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  const mode = existsSync(file) ? statSync(file).mode & 0o777 : 0o600
  try {
    writeFileSync(draft, text, { mode, flag: 'wx' })
    renameSync(draft, file)
  } catch (error) {
    rmSync(draft, { force: true })
    throw new RefusedError(`${file} cannot be written: ${(error as Error).message}`)
  }
}

/** Copies a file as it is beside itself, for its owner alone; the copy's path. */
export function backUp(settings: Settings): string | undefined {
  if (settings.text === undefined) return undefined
  const backup = `${settings.file}.before-berth-${new Date().toISOString().replace(/[:.]/g, '-')}`
  try {
    writeFileSync(backup, readFileSync(settings.file), { mode: 0o600, flag: 'wx' })
  } catch (error) {
    throw new RefusedError(`The backup ${backup} cannot be written: ${(error as Error).message}`)
  }
  return backup
}

/**
 * Takes a connection back: the file as it was when nothing has changed it since, else without the entry alone.
 * Says whether there still was anything of it.
 */
export function takeBack(connection: Connection, title: string): boolean {
  const { file, name, backup, created, written, servers, mcpUrl } = connection
  if (!existsSync(file)) return false
  const settings = readSettings(file, servers, title)
  const entry = settings.entries[name]
  if (entry === undefined || !JSON.stringify(entry).includes(JSON.stringify(mcpUrl))) return false
  const untouched = digestOf(settings.text ?? '') === written
  if (untouched && created) rmSync(file)
  else if (untouched && backup && existsSync(backup)) {
    replaceFile(file, readFileSync(backup, 'utf8'))
    rmSync(backup)
  } else replaceFile(file, withoutEntry(settings, connection))
  return true
}

export const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex')

const recordsPath = (): string => join(dirname(credentialsPath()), 'connections.json')

/** The connections this user has made, oldest first. */
export function connections(): Connection[] {
  try {
    return JSON.parse(readFileSync(recordsPath(), 'utf8')) as Connection[]
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new RefusedError(`${recordsPath()} cannot be read: ${(error as Error).message}`)
  }
}

/** Remembers a connection in place of an earlier one of the same name, or forgets it. */
export function remember(connection: Connection, forget = false): void {
  const others = connections().filter((one) => one.file !== connection.file || one.name !== connection.name)
  mkdirSync(dirname(recordsPath()), { recursive: true, mode: 0o700 })
  replaceFile(recordsPath(), `${JSON.stringify(forget ? others : [...others, connection], null, 2)}\n`)
}
