/** Who collects what a subscription costs, and whether a change has to be paid before it takes place. */
import type { Queryable } from '../../platform/db/database.ts'
import { Refusal } from '../../platform/problem.ts'
import type { Plan } from '../plans/store.ts'
import { findCustomer } from '../providers/customers.ts'
import type { Held, Terms } from './model.ts'
import type { PlannedChange } from './quote.ts'

/**
 * What organizations choose by themselves is collected by the payment provider, if there is one; what operators put them
 * on stays with who collected before, unless the provider knows the organization. Nothing of a test organization is ever
 * paid for real.
 */
export async function providerFor(
  db: Queryable,
  { organizationId, provider }: Held,
  plan: Plan,
  terms: Terms,
  { operator = false } = {},
): Promise<string> {
  if (terms.provider === 'manual' || plan.price === 0n || (await isTest(db, organizationId))) return 'manual'
  if (!operator) return terms.provider
  const customer = await findCustomer(db, organizationId, terms.provider)
  return customer?.customerRef ? terms.provider : provider
}

/** Whether the organization's first payment comes before the change: where no means of payment of it is known. */
export async function needsCheckout(
  db: Queryable,
  { plan, now }: Pick<PlannedChange, 'plan' | 'now'>,
  organizationId: string,
  terms: Terms,
): Promise<boolean> {
  if (terms.provider === 'manual' || now?.state !== 'active' || plan.price === 0n) return false
  const customer = await findCustomer(db, organizationId, terms.provider)
  return !customer?.paymentMethod && !(await isTest(db, organizationId))
}

/** Throws `invalid_state` where a change takes place only once it is paid. */
export async function demandNoCheckout(
  db: Queryable,
  planned: PlannedChange,
  organizationId: string,
  terms: Terms,
): Promise<void> {
  if (!(await needsCheckout(db, planned, organizationId, terms))) return
  throw new Refusal(
    'invalid_state',
    `${planned.plan.name} is paid at the checkout, and begins once it is: ask for the checkout (POST …/checkout, \`mcpctl billing checkout\`).`,
  )
}

/** Throws `invalid_state` for a test organization, and says what to do instead. */
export async function demandReal(db: Queryable, organizationId: string, instead: string): Promise<void> {
  if (await isTest(db, organizationId))
    throw new Refusal('invalid_state', `Nothing of a test organization is ever paid for real: ${instead}`)
}

export async function isTest(db: Queryable, organizationId: string): Promise<boolean> {
  const row = await db
    .selectFrom('organizations')
    .select('kind')
    .where('id', '=', organizationId)
    .executeTakeFirstOrThrow()
  return row.kind === 'test'
}
