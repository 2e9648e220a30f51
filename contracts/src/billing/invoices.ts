import { z } from 'zod'
import { endpoint } from '../endpoint.ts'
import { idOf, organizationRef, timestamp } from '../ids.ts'
import { pageOf, pageQuery } from '../pagination.ts'
import { currency, minorUnits } from './plans.ts'

export const invoiceState = z.enum(['draft', 'open', 'paid', 'void', 'uncollectible'])
export type InvoiceState = z.infer<typeof invoiceState>

export const invoiceLine = z.object({
  kind: z.enum(['plan', 'proration', 'unused', 'credit']),
  description: z.string(),
  quantity: z.number().int(),
  unitAmount: minorUnits,
  amount: minorUnits,
  periodStart: timestamp.nullable(),
  periodEnd: timestamp.nullable(),
})
export type InvoiceLine = z.infer<typeof invoiceLine>

export const invoice = z.object({
  id: idOf('invoice'),
  organizationId: idOf('organization'),
  subscriptionId: idOf('subscription'),
  number: z
    .string()
    .nullable()
    .describe(
      'Without gaps, given when it is finalized; in test organizations one of a series of their own: TEST-000001',
    ),
  state: invoiceState,
  currency,
  lines: z.array(invoiceLine),
  total: minorUnits,
  paid: minorUnits,
  issuedAt: timestamp.nullable(),
  dueAt: timestamp.nullable(),
  paidAt: timestamp.nullable(),
  reference: z.string().nullable().describe('Of the payment, as who recorded it gave it'),
  provider: z.string().describe('Who collects it: `manual`, or a payment provider'),
  payUrl: z.url().nullable().describe("The payment provider's page where it is paid"),
  createdAt: timestamp,
})
export type Invoice = z.infer<typeof invoice>

/** An invoice by its id or by its number, which is the same for all who see it. */
export const invoiceRef = z.union(
  [idOf('invoice'), z.string().regex(/^(TEST-)?\d{1,9}$/)],
  'must be the id or the number of an invoice, such as 000012',
)

const ofOrganization = z.object({ organizationId: organizationRef })
const one = ofOrganization.extend({ invoiceId: invoiceRef })
const read = { kind: 'organization', permission: 'billing:read' } as const
const operator = { kind: 'platform', role: 'operator' } as const
const reference = z.string().trim().min(1).max(200)

export const invoiceEndpoints = {
  list: endpoint({
    id: 'billing.invoices',
    method: 'GET',
    path: '/api/billing/organizations/:organizationId/invoices',
    tag: 'billing',
    summary: 'The invoices of an organization, newest first',
    access: read,
    params: ofOrganization,
    query: pageQuery.extend({ state: invoiceState.optional() }),
    response: pageOf(invoice),
  }),
  get: endpoint({
    id: 'billing.invoice',
    method: 'GET',
    path: '/api/billing/organizations/:organizationId/invoices/:invoiceId',
    tag: 'billing',
    summary: 'One invoice',
    access: read,
    params: one,
    response: invoice,
  }),
  html: endpoint({
    id: 'billing.invoice-html',
    method: 'GET',
    path: '/api/billing/organizations/:organizationId/invoices/:invoiceId/html',
    tag: 'billing',
    summary: 'One invoice as a page to print',
    access: read,
    params: one,
    status: 200,
    file: 'text/html',
  }),
  pdf: endpoint({
    id: 'billing.invoice-pdf',
    method: 'GET',
    path: '/api/billing/organizations/:organizationId/invoices/:invoiceId/pdf',
    tag: 'billing',
    summary: 'One invoice as PDF',
    access: read,
    params: one,
    status: 200,
    file: 'application/pdf',
  }),
  ofOrganization: endpoint({
    id: 'billing.operator-invoices',
    method: 'GET',
    path: '/api/operator/billing/organizations/:organizationId/invoices',
    tag: 'operator',
    summary: 'The invoices of any organization, newest first: to record what was paid',
    access: operator,
    params: ofOrganization,
    query: pageQuery.extend({ state: invoiceState.optional() }),
    response: pageOf(invoice),
  }),
  pay: endpoint({
    id: 'billing.record-payment',
    example: { body: { reference: 'bank statement 12' } },
    method: 'POST',
    path: '/api/operator/billing/invoices/:invoiceId/pay',
    tag: 'operator',
    summary: 'Record that an invoice was paid',
    access: operator,
    params: z.object({ invoiceId: invoiceRef }),
    body: z.object({ reference }),
    response: invoice,
    idempotent: true,
  }),
  void: endpoint({
    id: 'billing.void-invoice',
    example: { body: { reason: 'issued by mistake' } },
    method: 'POST',
    path: '/api/operator/billing/invoices/:invoiceId/void',
    tag: 'operator',
    summary: 'Void an invoice; its number stays taken',
    access: operator,
    params: z.object({ invoiceId: invoiceRef }),
    body: z.object({ reason: reference }),
    response: invoice,
  }),
  writeOff: endpoint({
    id: 'billing.write-off',
    example: { body: { reason: 'cannot be collected' } },
    method: 'POST',
    path: '/api/operator/billing/invoices/:invoiceId/write-off',
    tag: 'operator',
    summary: 'Write an invoice off; the subscription goes on as if it were unpaid',
    access: operator,
    params: z.object({ invoiceId: invoiceRef }),
    body: z.object({ reason: reference }),
    response: invoice,
  }),
}
