/** JSON-RPC and MCP constants, and the few messages the relay writes itself. */
import type { Refusal } from './types.ts'

/** Protocol versions served downstream, oldest first. Dates compare as strings. */
export const SUPPORTED_VERSIONS = ['2025-03-26', '2025-06-18', '2025-11-25'] as const
export const LATEST_VERSION = '2025-11-25'
const OLDEST_VERSION = '2025-03-26'

export const codes = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  /** Transport faults: session header, media types, too many calls. */
  transport: -32000,
  /** The server died, hung, or could not be reached. */
  serverGone: -32001,
  /** Refused by the gateway. */
  refused: -32003,
  unsupportedVersion: -32022,
  cancelled: -32800,
} as const

export function isSupportedVersion(version: string): boolean {
  return (SUPPORTED_VERSIONS as readonly string[]).includes(version)
}

/**
 * The version answered to a client that asked for `requested` when the server speaks `server`: the client's own when it
 * is served and not newer than the server's, else the server's, kept within what is served.
 */
export function negotiateVersion(requested: string, server: string): string {
  if (isSupportedVersion(requested) && requested <= server) return requested
  if (server < OLDEST_VERSION) return OLDEST_VERSION
  return isSupportedVersion(server) ? server : LATEST_VERSION
}

/** For a request that a server cannot take any more. */
export const notRead: Refusal = {
  code: codes.serverGone,
  message: 'The server does not read its input.',
}

/** An error answer. `rawId` is JSON text. */
export function errorText(rawId: string, refusal: Refusal): string {
  const error: Record<string, unknown> = { code: refusal.code, message: refusal.message }
  if (refusal.data !== undefined) error['data'] = refusal.data
  return `{"jsonrpc":"2.0","id":${rawId},"error":${JSON.stringify(error)}}`
}

/** A successful answer. `rawId` and `rawResult` are JSON text. */
export function resultText(rawId: string, rawResult: string): string {
  return `{"jsonrpc":"2.0","id":${rawId},"result":${rawResult}}`
}

export function notificationText(method: string, params: unknown): string {
  const tail = params === undefined ? '' : `,"params":${JSON.stringify(params)}`
  return `{"jsonrpc":"2.0","method":${JSON.stringify(method)}${tail}}`
}

/** JSON on one line: outside its strings, which hold no raw control characters, line breaks are only white space. */
export function oneLine(text: string): string {
  return text.includes('\n') || text.includes('\r') ? text.replace(/[\r\n]+/g, ' ') : text
}

/** The server is gone or did not answer; `message` is a sentence for people. */
export class UpstreamError extends Error {
  readonly code: number
  constructor(message: string, code: number = codes.serverGone) {
    super(message)
    this.code = code
  }
}
