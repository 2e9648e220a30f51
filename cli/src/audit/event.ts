import type { LogEvent } from '@berth/contracts'
import { textOf } from '../core/text.ts'

/** Who did something, in a word: the id of a person or service, or Berth itself. */
export function actorText({ actor }: LogEvent): string {
  return actor.kind === 'system' ? `berth ${actor.id}` : actor.id
}

/** An event's payload as `name=value`, the changes of a field as `field: before → after`. */
export function payloadText(event: LogEvent): string {
  return Object.entries(event.payload)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => (name === 'changes' ? changesText(value) : `${name}=${textOf(value)}`))
    .filter((text) => text !== '')
    .join(' ')
}

/** The changes of an event as `field: before → after`. */
export function changesText(changes: unknown): string {
  if (!Array.isArray(changes)) return textOf(changes)
  return (changes as { field?: unknown; previous?: unknown; current?: unknown }[])
    .map(
      ({ field, previous, current }) =>
        `${textOf(field)}: ${textOf(previous) || 'nothing'} → ${textOf(current) || 'nothing'}`,
    )
    .join(', ')
}
