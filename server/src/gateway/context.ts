import type { RelayContext } from '../relay/service.ts'

/** Who calls which deployment, as it travels between processes and into every call record. */
export interface CallerContext extends RelayContext {
  organizationId: string
  workspaceId: string
  principalKind: 'user' | 'service'
  principalId: string
  /** The token, or the sign-in. */
  tokenId: string | null
  /**
   * The record's id and time (wall clock, milliseconds) when another process passed the request on: should the answer
   * not reach it, it leaves the record itself, and of two with one id one is kept.
   */
  record?: { id: string; at: number }
  /** Set when the call is recorded. */
  callId?: string
}

/** One request without HTTP and without a session. */
export interface OnceCall {
  method: string
  params: Record<string, unknown>
  timeoutMs: number
}

/** The context as text, for the internal socket. */
export function encodeContext(context: CallerContext): string {
  const { allowedTools, callId: _callId, ...rest } = context
  return Buffer.from(
    JSON.stringify({ ...rest, allowedTools: allowedTools ? [...allowedTools] : null }),
  ).toString('base64url')
}

export function decodeContext(text: string): CallerContext {
  const { allowedTools, ...rest } = JSON.parse(Buffer.from(text, 'base64url').toString()) as Omit<
    CallerContext,
    'allowedTools'
  > & { allowedTools: string[] | null }
  return { ...rest, allowedTools: allowedTools ? new Set(allowedTools) : null }
}
