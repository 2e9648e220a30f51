/** What tests of subscriptions share: organizations with clocks of their own. */
import { createOrganization } from '../../organizations/service.ts'
import type { TestPlatform } from '../../platform/testing/index.ts'
import { newId } from '../../platform/ids.ts'
import { systemActor } from '../../platform/platform.ts'
import { readInvoice } from '../invoices/store.ts'
import { advanceOnce } from './advance.ts'
import type { Held, Terms } from './model.ts'
import { createTestOrganization } from './operator.ts'
import { readSubscription } from './store.ts'

export const testTerms: Terms = { graceDays: 14, provider: 'manual', tell: async () => {} }

/** Somebody, as the identity domain makes them. */
async function somebody(platform: TestPlatform): Promise<string> {
  const id = newId('user')
  const at = new Date()
  const email = `${id}@example.com`
  await platform.db
    .insertInto('users')
    .values({ id, name: 'Somebody', email, emailVerified: false, createdAt: at, updatedAt: at })
    .execute()
  return id
}

/** A test organization on `free`, at an instant of its own. */
export async function clockwork(
  platform: TestPlatform,
  { now = '2026-01-31T09:00:00Z', timeZone = 'UTC' } = {},
): Promise<string> {
  const ownerId = await somebody(platform)
  const { organizationId } = await platform.change((tx) =>
    createTestOrganization(tx, { name: newId('organization').slice(-12), timeZone, now, ownerId }),
  )
  return organizationId
}

/** One that lives by the wall clock. */
export async function ordinary(platform: TestPlatform, timeZone = 'UTC'): Promise<string> {
  const ownerId = await somebody(platform)
  const name = newId('organization').slice(-12)
  const { id } = await platform.change((tx) => createOrganization(tx, { name, timeZone, ownerId }))
  return id
}

/** Moves its clock, doing all that falls due. */
export async function advance(platform: TestPlatform, organizationId: string, to: string): Promise<Held> {
  const given = { from: new Date(0), to: new Date(to) }
  const origin = { actor: systemActor('test'), requestId: null }
  while (!(await platform.mutate(origin, (tx) => advanceOnce(tx, organizationId, given, testTerms))));
  return readSubscription(platform.db, organizationId)
}

/** The invoices of an organization in the order of their numbers. */
export async function invoicesOf(platform: TestPlatform, organizationId: string) {
  const rows = await platform.db
    .selectFrom('invoices')
    .select('id')
    .where('organizationId', '=', organizationId)
    .orderBy('number')
    .execute()
  return Promise.all(rows.map(({ id }) => readInvoice(platform.db, id)))
}

/** The types of the events of subscriptions and invoices, in order. */
export async function storyOf(platform: TestPlatform, organizationId: string): Promise<string[]> {
  const rows = await platform.db
    .selectFrom('events')
    .select('type')
    .where('organizationId', '=', organizationId)
    .where((eb) => eb.or([eb('type', 'like', 'subscription.%'), eb('type', 'like', 'invoice.%')]))
    .orderBy('seq')
    .execute()
  return rows.map(({ type }) => type)
}
