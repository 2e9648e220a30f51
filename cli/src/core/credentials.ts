import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { RefusedError } from './errors.ts'

/** What mcpctl remembers of one Berth: the sign-in, and what `orgs use` and `workspaces use` chose. */
export interface Installation {
  token?: string
  organizationId?: string
  workspaceId?: string
}

interface CredentialsFile {
  current?: string
  installations: Record<string, Installation>
}

/** Where the sign-ins are kept: `$XDG_CONFIG_HOME/berth/credentials.json`, else below `~/.config`. */
export function credentialsPath(env: NodeJS.ProcessEnv = process.env): string {
  return join(env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'berth', 'credentials.json')
}

/** The sign-ins of this machine's user, keyed by Berth's URL. The file is readable by its owner only. */
export class Credentials {
  private readonly path: string

  constructor(path: string = credentialsPath()) {
    this.path = path
  }

  /** The URL of the last sign-in; undefined before the first. */
  currentUrl(): string | undefined {
    return this.read().current
  }

  /** What is remembered of the Berth at `url`; empty when nothing is. */
  of(url: string): Installation {
    return this.read().installations[url] ?? {}
  }

  /** Changes what is remembered of the Berth at `url`; undefined forgets a field. */
  update(url: string, changes: Installation): void {
    const all = this.read()
    all.installations[url] = { ...all.installations[url], ...changes }
    this.write(all)
  }

  /** Remembers a sign-in, and that `url` is the Berth to talk to from now on. */
  signIn(url: string, signedIn: Installation): void {
    const all = this.read()
    all.current = url
    all.installations[url] = signedIn
    this.write(all)
  }

  /** Forgets everything about the Berth at `url`. */
  forget(url: string): void {
    const all = this.read()
    delete all.installations[url]
    if (all.current === url) delete all.current
    this.write(all)
  }

  private read(): CredentialsFile {
    let text: string
    try {
      text = readFileSync(this.path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { installations: {} }
      throw new RefusedError(`The sign-ins at ${this.path} cannot be read: ${(error as Error).message}`)
    }
    const all = parsed(text)
    if (all) return all
    throw new RefusedError(
      `${this.path} is not a file that mcpctl wrote. Move it away, then sign in again.`,
      'mcpctl login',
    )
  }

  /** Replaces the file in one step, so that an interrupted write or a second mcpctl never leaves half of it. */
  private write(all: CredentialsFile): void {
    const draft = `${this.path}.${randomBytes(6).toString('hex')}`
    try {
      mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 })
      writeFileSync(draft, `${JSON.stringify(all, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
      renameSync(draft, this.path)
    } catch (error) {
      throw new RefusedError(`The sign-ins cannot be written to ${this.path}: ${(error as Error).message}`)
    }
  }
}

/** The content of a credentials file; undefined when it is anything else. */
function parsed(text: string): CredentialsFile | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isRecord(value) || !isRecord(value['installations'])) return undefined
  const { current, installations } = value
  if (current !== undefined && typeof current !== 'string') return undefined
  for (const one of Object.values(installations)) {
    if (!isRecord(one) || !Object.values(one).every((field) => typeof field === 'string')) return undefined
  }
  return { current, installations: installations as Record<string, Installation> }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
