import { readFileSync } from 'node:fs'
import {
  ApiError,
  createClient,
  UnreachableError,
  type Client,
  type Endpoint,
  type EndpointInput,
  type EndpointOutput,
} from '@berth/contracts'
import type { Command } from 'commander'
import { Credentials } from './credentials.ts'
import { UsageError, whyUnreadable } from './errors.ts'
import { Output } from './output.ts'

export const defaultUrl = 'http://127.0.0.1:7070'

/** How long one request may take, and how long a launch or an observation is waited for, unless `--timeout` says. */
const requestSeconds = 60
const waitSeconds = 300

/** The options that every command takes, as commander gives them. */
export interface GlobalOptions {
  url?: string
  tokenFile?: string
  org?: string
  workspace?: string
  json?: boolean
  timeout?: number
  color?: boolean
}

/** What a command works with: the API, the output, and what was chosen on the command line or before. */
export interface Context {
  readonly url: string
  readonly options: GlobalOptions
  readonly out: Output
  readonly credentials: Credentials
  /** Milliseconds to wait for work that takes its time (a launch, an observation). */
  readonly waitMs: number
  /** The bearer token in use; undefined when nobody is signed in. */
  readonly token: string | undefined
  /** Calls one endpoint; refusals are ApiError, no answer is UnreachableError. */
  call<E extends Endpoint>(endpoint: E, input: EndpointInput<E>): Promise<EndpointOutput<E>>
  /** Opens a stream; it has no time limit but the signal. */
  open<E extends Endpoint>(
    endpoint: E,
    input: EndpointInput<E>,
    more: { signal: AbortSignal; lastEventId?: string },
  ): Promise<Response>
  /** A plain request to the same Berth, for what is not an endpoint of the contract (sign-in). */
  fetch(path: string, init: RequestInit): Promise<Response>
}

/**
 * Makes the context of a command from its options, the environment and the remembered sign-in.
 * `actAs` is a token to use instead of all of these.
 */
export function createContext(options: GlobalOptions, actAs?: string): Context {
  const { env } = process
  const out = new Output({ json: options.json ?? false, color: options.color ?? true, env })
  const credentials = new Credentials()
  const url = normalUrl(options.url ?? env['BERTH_URL'] ?? credentials.currentUrl() ?? defaultUrl)
  const token = actAs ?? tokenFrom(options, env) ?? credentials.of(url).token
  const timeoutMs = options.timeout === undefined ? undefined : options.timeout * 1000
  const client = createClient({
    baseUrl: url,
    fetch: fetchStraight,
    headers: () => ({ 'user-agent': 'mcpctl', ...(token ? { authorization: `Bearer ${token}` } : {}) }),
  })
  const requestMs = timeoutMs ?? requestSeconds * 1000
  return {
    url,
    options,
    out,
    credentials,
    waitMs: timeoutMs ?? waitSeconds * 1000,
    token,
    call: (endpoint, input) =>
      withinTime(requestMs, url, (signal) => client.call(endpoint, input, { signal })),
    open: (endpoint, input, more) => openStream(client, endpoint, input, more),
    fetch: (path, init) => withinTime(requestMs, url, (signal) => plainFetch(url, path, { ...init, signal })),
  }
}

/** The context of the command that commander is running. */
export function contextOf(command: Command): Context {
  return createContext(command.optsWithGlobals<GlobalOptions>())
}

/** Checks an address of a Berth and brings it to one form, without a slash at the end. */
export function normalUrl(given: string): string {
  let url: URL
  try {
    url = new URL(given)
  } catch {
    throw new UsageError(`"${given}" is not a URL. Give Berth's address, for example ${defaultUrl}.`)
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new UsageError(`Berth's address must start with http:// or https://, not "${url.protocol}".`)
  }
  if (url.username || url.password) throw new UsageError("Berth's address must not carry a user or password.")
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
}

function tokenFrom(options: GlobalOptions, env: NodeJS.ProcessEnv): string | undefined {
  const given = options.tokenFile === undefined ? env['BERTH_TOKEN'] : readToken(options.tokenFile)
  const token = given?.trim()
  if (!token) return undefined
  if (/[^\x21-\x7e]/.test(token)) throw new UsageError('The token holds characters that no token has.')
  return token
}

function readToken(path: string): string {
  let text: string
  try {
    text = readFileSync(path, 'utf8').trim()
  } catch (error) {
    throw new UsageError(`The token file ${path} cannot be read: ${whyUnreadable(error)}.`)
  }
  if (!text) throw new UsageError(`The token file ${path} is empty.`)
  return text
}

async function withinTime<T>(ms: number, url: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(ms)
  try {
    return await work(signal)
  } catch (error) {
    if (signal.aborted) throw new UnreachableError(`${url} did not answer within ${ms / 1000} seconds.`)
    if (error instanceof ApiError || error instanceof UnreachableError) throw error
    throw new UnreachableError(`${url} broke off, or its answer is not Berth's. Is the address right?`)
  }
}

function openStream<E extends Endpoint>(
  client: Client,
  endpoint: E,
  input: EndpointInput<E>,
  more: { signal: AbortSignal; lastEventId?: string },
): Promise<Response> {
  const headers: Record<string, string> = more.lastEventId ? { 'last-event-id': more.lastEventId } : {}
  return client.send(endpoint, input, { signal: more.signal, headers })
}

async function plainFetch(url: string, path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetchStraight(url + path, init)
  } catch (error) {
    throw new UnreachableError(`Berth does not answer at ${url}.`, { cause: error })
  }
}

/** Never follows a redirect: a password or token would go where nobody pointed it. */
function fetchStraight(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  return fetch(input, { ...init, redirect: 'manual' })
}
