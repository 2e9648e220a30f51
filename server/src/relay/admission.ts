/** May this message pass? What cannot be checked is refused. */
import type { Envelope } from './envelope.ts'
import { codes } from './jsonrpc.ts'
import type { Refusal, RelayContext, RelayHooks, SessionView } from './types.ts'

export const unchecked: Refusal = {
  code: codes.refused,
  message: 'The message could not be checked and was refused.',
}

/** The gateway's own answer for any message. */
export function admit<C extends RelayContext>(
  hooks: RelayHooks<C>,
  context: C,
  session: SessionView | null,
  envelope: Envelope | undefined,
): Refusal | null {
  try {
    return hooks.admit(context, session, envelope?.method || 'response', envelope?.message.params)
  } catch {
    return unchecked
  }
}

/** For a request: also the tools the caller may use. */
export function admitRequest<C extends RelayContext>(
  hooks: RelayHooks<C>,
  context: C,
  session: SessionView | null,
  envelope: Envelope,
): Refusal | null {
  const refusal = admit(hooks, context, session, envelope)
  if (refusal) return refusal
  const { allowedTools } = context
  if (!allowedTools || envelope.method !== 'tools/call') return null
  const tool = toolName(envelope)
  if (tool !== null && allowedTools.has(tool)) return null
  return { code: codes.refused, message: `The tool ${JSON.stringify(tool)} is not allowed for this token.` }
}

/** The slower check of a request: null at once when there is none to make. */
export function hold<C extends RelayContext>(
  hooks: RelayHooks<C>,
  context: C,
  session: SessionView | null,
  envelope: Envelope,
): Promise<Refusal | null> | Refusal | null {
  if (!hooks.beforeRequest) return null
  try {
    const held = hooks.beforeRequest(context, session, envelope.method, envelope.message.params)
    return held === null ? null : held.catch(() => unchecked)
  } catch {
    return unchecked
  }
}

/** The tool a request calls, or null. */
export function toolName(envelope: Envelope): string | null {
  if (envelope.method !== 'tools/call') return null
  const name = (envelope.message.params as { name?: unknown } | undefined)?.name
  return typeof name === 'string' ? name : null
}
