import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { platformOrganizationId, toSlug, type Organization } from '@berth/contracts'
import { newId } from '../platform/ids.ts'
import type { Tx } from '../platform/mutate.ts'
import { Refusal } from '../platform/problem.ts'
import { insertMember } from './members.ts'
import { lockOrganization, readOrganization, toOrganization } from './store.ts'

/** Creates an organization with its log; the person becomes its owner. */
export async function createOrganization(
  tx: Tx,
  input: { name: string; slug?: string | undefined; timeZone: string; ownerId: string },
): Promise<Organization> {
  const id = newId('organization')
  const slug = input.slug ?? (await freeSlug(tx, input.name))
  await claimSlugFree(tx, slug, null)
  const row = await tx.db
    .insertInto('organizations')
    .values({ id, slug, name: input.name, timeZone: input.timeZone, createdAt: tx.now })
    .returningAll()
    .executeTakeFirstOrThrow()
  await tx.db.insertInto('organizationSlugs').values({ slug, organizationId: id }).execute()
  await tx.db.insertInto('logHeads').values({ organizationId: id }).execute()
  tx.emit(id, 'organization.created', { name: row.name, slug, timeZone: row.timeZone })
  await insertMember(tx, { organizationId: id, userId: input.ownerId, role: 'owner' })
  return toOrganization(row)
}

/** The name as a slug, with a few letters added where it is taken. */
async function freeSlug(tx: Tx, name: string): Promise<string> {
  const wished = toSlug(name) || 'organization'
  if (!(await ownerOfSlug(tx, wished))) return wished
  return `${wished.slice(0, 33).replace(/-+$/, '')}-${randomBytes(3).toString('hex')}`
}

/** Addresses below /api/orgs that are no organization's. */
const reserved = new Set(['invitations'])

async function ownerOfSlug(tx: Tx, slug: string): Promise<string | null> {
  if (reserved.has(slug)) return platformOrganizationId
  const row = await tx.db
    .selectFrom('organizationSlugs')
    .select('organizationId')
    .where('slug', '=', slug)
    .executeTakeFirst()
  return row?.organizationId ?? null
}

/** Takes turns with others who want the slug, and refuses one that another organization has or had. */
async function claimSlugFree(tx: Tx, slug: string, organizationId: string | null): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext(${`berth:slug:${slug}`}))`.execute(tx.db)
  const owner = await ownerOfSlug(tx, slug)
  if (owner === null || owner === organizationId) return
  throw new Refusal('duplicate', `The slug "${slug}" is taken. Choose another one.`, {
    errors: [{ path: 'slug', message: 'is taken' }],
  })
}

export interface OrganizationChange {
  name?: string | undefined
  slug?: string | undefined
  timeZone?: string | undefined
  expectedVersion?: number | undefined
}

/** Renames, changes slug or time zone. The old slug stays an alias, and may be taken back. */
export async function updateOrganization(
  tx: Tx,
  id: string,
  change: OrganizationChange,
): Promise<Organization> {
  const before = await lockOrganization(tx.db, id)
  if (change.expectedVersion !== undefined && change.expectedVersion !== before.version) {
    throw new Refusal('version_conflict', 'Somebody changed the organization meanwhile.', { current: before })
  }
  const fields = (['name', 'slug', 'timeZone'] as const).filter(
    (field) => change[field] !== undefined && change[field] !== before[field],
  )
  if (fields.length === 0) return before
  const slug = change.slug ?? before.slug
  if (fields.includes('slug')) {
    await claimSlugFree(tx, slug, id)
    await tx.db
      .insertInto('organizationSlugs')
      .values({ slug, organizationId: id })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }
  await tx.db
    .updateTable('organizations')
    .set({
      name: change.name ?? before.name,
      slug,
      timeZone: change.timeZone ?? before.timeZone,
      version: before.version + 1,
    })
    .where('id', '=', id)
    .execute()
  const after = await readOrganization(tx.db, id)
  tx.emit(id, 'organization.updated', {
    changes: fields.map((field) => ({ field, previous: before[field], current: after[field] })),
  })
  return after
}
