/** One way to break each of the twenty invariants of billing, each caught by the test that names its number. */
export interface Mutation {
  invariant: number
  /** What is broken, in words. */
  name: string
  /** The file that is spoilt. */
  file: string
  /** Stands in it just once, and is replaced. */
  find: string
  replace: string
  /** The file with the test whose name begins with `invariant <number>:`. */
  test: string
}

const billing = 'server/src/billing'
const quotas = `${billing}/quotas`
const lives = `${billing}/subscriptions/invariants.it.test.ts`
const promises = `${billing}/subscriptions/promises.it.test.ts`
const useQuota = 'server/migrations/0017_quota_use.sql'

export const mutations: readonly Mutation[] = [
  {
    invariant: 1,
    name: 'Quota that is held is given away a second time',
    file: useQuota,
    find: 'or used[place] + held[place] + quantities[i] <= limits[place]);',
    replace: 'or used[place] + quantities[i] <= limits[place]);',
    test: `${quotas}/quotas.it.test.ts`,
  },
  {
    invariant: 2,
    name: 'The ledger is told of twice as much as was used',
    file: useQuota,
    find: "'consume', quantities[e.i],",
    replace: "'consume', 2 * quantities[e.i],",
    test: `${quotas}/quotas.it.test.ts`,
  },
  {
    invariant: 3,
    name: 'A request key serves for another request, too',
    file: 'server/src/platform/http/idempotency.ts',
    find: 'if (!row.requestHash.equals(hash)) {',
    replace: 'if (false) {',
    test: `${quotas}/routes.it.test.ts`,
  },
  {
    invariant: 4,
    name: 'A hold can be ended twice',
    file: `${quotas}/holds.ts`,
    find: "    .where('state', '=', 'held')\n    .returning('items')",
    replace: "    .returning('items')",
    test: `${quotas}/holds.it.test.ts`,
  },
  {
    invariant: 5,
    name: 'Of what a hold took, one comes back',
    file: `${quotas}/holds.ts`,
    find: 'held: held * quantity,',
    replace: 'held: held < 0 ? held : held * quantity,',
    test: `${quotas}/holds.it.test.ts`,
  },
  {
    invariant: 6,
    name: 'Of requests that are decided together, only the first is held to the limit',
    file: useQuota,
    find: 'or used[place] + held[place] + quantities[i] <= limits[place]);',
    replace: 'or r > 1 or used[place] + held[place] + quantities[i] <= limits[place]);',
    test: `${quotas}/quotas.it.test.ts`,
  },
  {
    invariant: 7,
    name: 'A week has six days',
    file: `${billing}/time/windows.ts`,
    find: "reset === 'day' ? 1 : 7",
    replace: "reset === 'day' ? 1 : 6",
    test: `${billing}/time/time.test.ts`,
  },
  {
    invariant: 8,
    name: 'Periods are chained instead of counted from the anchor',
    file: `${billing}/time/periods.ts`,
    find: '  return instant(zoned(anchor, timeZone).add({ months }))',
    replace:
      '  const one = Math.sign(n)\n  const before = startOf({ anchor, timeZone, interval }, n - one)\n  return instant(zoned(before, timeZone).add({ months: (months / n) * one }))',
    test: `${billing}/time/time.test.ts`,
  },
  {
    invariant: 9,
    name: 'Use that is told of twice counts twice',
    file: `${quotas}/settle.ts`,
    find: 'if (before.requestHash.equals(requestHash)) return false',
    replace: 'if (before.requestHash.equals(requestHash)) return true',
    test: `${billing}/providers/standard.it.test.ts`,
  },
  {
    invariant: 10,
    name: 'A comparison does not look whether an invoice was made there before',
    file: `${billing}/providers/stripe/invoices.ts`,
    find: 'await bringOne(comparison, customer, one, known.get(one.id) ?? null)',
    replace: 'await bringOne(comparison, customer, one, null)',
    test: `${billing}/providers/stripe/invariants.it.test.ts`,
  },
  {
    invariant: 11,
    name: 'What is overdue is suspended without grace',
    file: `${billing}/subscriptions/steps.ts`,
    find: "state: 'past_due' as const",
    replace: "state: 'suspended' as const",
    test: lives,
  },
  {
    invariant: 12,
    name: 'A payment does not end the grace',
    file: `${billing}/invoices/pay.ts`,
    find: 'if (one?.id === row.subscriptionId) await heal(tx, one, at, terms)',
    replace: '',
    test: `${billing}/subscriptions/lapse.it.test.ts`,
  },
  {
    invariant: 13,
    name: 'Access ends with the grace, also of plans that fall back',
    file: `${billing}/access.ts`,
    find: 'graceOver && !fallsBack',
    replace: 'graceOver',
    test: `${billing}/access.it.test.ts`,
  },
  {
    invariant: 14,
    name: 'A change of seats forgets the plan that is scheduled',
    file: `${billing}/subscriptions/change.ts`,
    find: 'planned.now ? scheduled : { plan: scheduled.plan, seats }',
    replace: 'planned.now ? scheduled : { plan, seats }',
    test: promises,
  },
  {
    invariant: 15,
    name: 'What is charged is counted anew instead of as the preview said',
    file: `${billing}/subscriptions/change.ts`,
    find: '  return at\n}',
    replace: '  return now\n}',
    test: promises,
  },
  {
    invariant: 16,
    name: 'What is unused is given back rounded up',
    file: `${billing}/money.ts`,
    find: 'return (amount * part) / whole\n',
    replace: 'return (amount * part + whole - 1n) / whole\n',
    test: `${billing}/money.test.ts`,
  },
  {
    invariant: 17,
    name: 'The database lets a published version of a plan be changed',
    file: 'server/migrations/0013_billing.sql',
    find: 'before update or delete on plan_versions',
    replace: 'before delete on plan_versions',
    test: `${billing}/plans/versions.it.test.ts`,
  },
  {
    invariant: 18,
    name: 'Where no balance is kept, nothing counts as used',
    file: `${quotas}/ledger.ts`,
    find: 'coalesce(b.used, (',
    replace: 'coalesce(b.used, 0, (',
    test: `${quotas}/fold.it.test.ts`,
  },
  {
    invariant: 19,
    name: 'One person more than there are seats',
    file: `${quotas}/room.ts`,
    find: 'if (taken < limit) return',
    replace: 'if (taken <= limit) return',
    test: 'server/src/organizations/invitations/seats.it.test.ts',
  },
  {
    invariant: 20,
    name: "What others used counts as an organization's own",
    file: `${quotas}/ledger.ts`,
    find: 'on b.organization_id = ${organizationId} and b.key',
    replace: 'on b.key',
    test: `${billing}/isolation.it.test.ts`,
  },
]
