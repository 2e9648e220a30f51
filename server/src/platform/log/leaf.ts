import { randomBytes } from 'node:crypto'
import canonicalize from 'canonicalize'
import {
  eventSchema,
  eventVersion,
  personalFieldsOf,
  type Actor,
  type EventPayload,
  type EventType,
} from '@berth/contracts'
import { sha256 } from '../crypto.ts'
import { mapTexts, mayBeUnstorable, storableText } from '../text.ts'

/** An event as a service emits it, validated, with its personal fields split off. */
export interface PreparedEvent {
  organizationId: string
  type: EventType
  version: number
  payload: Record<string, unknown>
  openings: Opening[]
  /** The organization's own time, where that is not the wall clock's. */
  effectiveAt?: Date | undefined
}

export interface Opening {
  field: string
  value: unknown
  salt: Buffer
}

interface Leaf {
  before: string
  after: string
}

/** RFC 8785 canonical JSON. */
export function canonical(value: unknown): string {
  const text = canonicalize(value)
  if (text === undefined) throw new Error('only JSON values have a canonical form')
  return text
}

/**
 * Validates a payload and replaces its personal fields by salted commitments. Throws on an unknown field. Characters
 * that cannot be stored are replaced: no text that somebody sent keeps a change from its place in the log.
 */
export function prepareEvent<T extends EventType>(
  organizationId: string,
  type: T,
  given: EventPayload<T>,
  effectiveAt?: Date,
): PreparedEvent {
  const parsed = eventSchema(type).parse(given)
  const payload = (
    mayBeUnstorable(JSON.stringify(parsed)) ? mapTexts(parsed, storableText) : parsed
  ) as Record<string, unknown>
  const openings: Opening[] = []
  for (const field of personalFieldsOf(type)) {
    const opening = { field, value: payload[field] ?? null, salt: randomBytes(16) }
    openings.push(opening)
    payload[field] = commitment(opening)
  }
  return { organizationId, type, version: eventVersion, payload, openings, effectiveAt }
}

/** What stands in the log for a personal value: SHA-256 over its salt and its canonical JSON. */
export function commitment({ value, salt }: Pick<Opening, 'value' | 'salt'>): { commitment: string } {
  return {
    commitment: `sha256:${sha256(Buffer.concat([salt, Buffer.from(canonical(value))])).toString('hex')}`,
  }
}

/**
 * Leaf v1: the exact bytes that are hashed for an event, as what stands before and after its number, which only the
 * database knows. The leaf is `before`, the number in decimal digits, `after`; its hash has RFC 6962's leaf prefix.
 */
export function leafOf(
  event: PreparedEvent,
  place: { at: Date; actor: Actor; requestId: string | null },
): Leaf {
  const text = canonical({
    v: 1,
    organization: event.organizationId,
    seq: 0,
    at: place.at.toISOString(),
    effectiveAt: (event.effectiveAt ?? place.at).toISOString(),
    actor: place.actor.id,
    request: place.requestId,
    type: event.type,
    version: event.version,
    payload: event.payload,
  })
  // Members are sorted, and nothing that somebody wrote comes after this one.
  const at = text.lastIndexOf(numbered) + numbered.length - 1
  return { before: text.slice(0, at), after: text.slice(at + 1) }
}

const numbered = ',"seq":0'
