/** What is known of organizations at payment providers. */
import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import type { Tx } from '../../platform/mutate.ts'

/** Lets the payment provider be brought up to date soon, where an organization has to do with one. */
export async function wakeCollector(
  tx: Tx,
  { organizationId, provider }: { organizationId: string; provider: string },
): Promise<void> {
  if (provider !== 'manual')
    await tx.db
      .insertInto('billingCustomers')
      .values({ organizationId, provider })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  await sql`update billing_customers set sync_due_at = least(sync_due_at, ${tx.now})
    where organization_id = ${organizationId}`.execute(tx.db)
}

export function findCustomer(db: Queryable, organizationId: string, provider: string) {
  return db
    .selectFrom('billingCustomers')
    .selectAll()
    .where('organizationId', '=', organizationId)
    .where('provider', '=', provider)
    .executeTakeFirst()
}

/** Whose a customer of a payment provider is. */
export async function organizationOfCustomer(
  db: Queryable,
  provider: string,
  customerRef: string,
): Promise<string | null> {
  const row = await db
    .selectFrom('billingCustomers')
    .select('organizationId')
    .where('provider', '=', provider)
    .where('customerRef', '=', customerRef)
    .executeTakeFirst()
  return row?.organizationId ?? null
}
