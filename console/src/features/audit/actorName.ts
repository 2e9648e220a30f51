import type { Actor } from '@berth/contracts'
import { shorten } from '../../ui/Id.tsx'

/** Who did it, by name where there is one; of Berth itself, which part. */
export function actorName(actor: Actor, people: ReadonlyMap<string, string> | undefined): string {
  if (actor.kind === 'user') return people?.get(actor.id) ?? shorten(actor.id)
  if (actor.kind === 'service') return `agent ${shorten(actor.id)}`
  return `Berth (${actor.id})`
}
