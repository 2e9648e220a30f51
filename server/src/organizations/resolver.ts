import type { Queryable } from '../platform/db/database.ts'
import { findOrganizationId } from './store.ts'

const capacity = 10_000

/** The organization that an id, a slug or a former slug names; null when there is none. */
export type ResolveOrganization = (ref: string) => Promise<string | null>

/**
 * Resolves references from memory where it can. A slug stays with the organization that used it first, for ever, so
 * what is remembered stays true; that a name is free is not remembered.
 */
export function createOrganizationResolver(db: Queryable): ResolveOrganization {
  const known = new Map<string, string>()
  return async (ref) => {
    const kept = known.get(ref)
    if (kept) return kept
    const id = await findOrganizationId(db, ref)
    if (!id) return null
    if (known.size >= capacity) known.clear()
    known.set(ref, id)
    return id
  }
}
