/** Batches: part of protocol version 2025-03-26 only. */
import { readEnvelope } from './envelope.ts'
import type { Envelope } from './envelope.ts'
import { codes } from './jsonrpc.ts'
import type { Refusal } from './types.ts'

export function isBatch(text: string): boolean {
  const first = text.charCodeAt(0)
  return first === 91 || (first <= 32 && text.trimStart().startsWith('['))
}

/** The messages of a batch in their order, or why it is refused as a whole. */
export function readBatch(text: string, version: string, limit: number): Envelope[] | Refusal {
  let messages: unknown
  try {
    messages = JSON.parse(text)
  } catch {
    return { code: codes.parseError, message: 'The body is not valid JSON.', httpStatus: 400 }
  }
  if (version !== '2025-03-26') return invalid('Batches exist in protocol version 2025-03-26 only.')
  if (!Array.isArray(messages) || messages.length === 0 || messages.length > limit) {
    return invalid(`A batch has 1 to ${limit} messages.`)
  }
  const parts: Envelope[] = []
  for (const message of messages) {
    const part = readEnvelope(JSON.stringify(message), message)
    if (!('kind' in part)) return part
    parts.push(part)
  }
  return parts
}

function invalid(message: string): Refusal {
  return { code: codes.invalidRequest, message, httpStatus: 400 }
}
