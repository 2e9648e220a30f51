import type { Row } from './rows.ts'

const file = 'plans: { spare: { name: Spare, price: 100, currency: EUR } }'

/** Plans, subscriptions and invoices. */
export const billingRows: Record<string, Row> = {
  'billing.list-plans': { needs: 'person' },
  'billing.catalog': { needs: 'person' },
  'billing.apply-plans': { needs: 'operator', request: () => ({ body: { file, dryRun: true } }) },
  'billing.export-plans': { needs: 'operator' },
}
