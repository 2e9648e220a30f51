import { Readable } from 'node:stream'
import { invoiceEndpoints } from '@berth/contracts'
import { findOrganizationId } from '../../organizations/service.ts'
import { FileReply, implement, type RequestContext, type Route } from '../../platform/http/implement.ts'
import { notFound } from '../../platform/problem.ts'
import type { Terms } from '../subscriptions/model.ts'
import { documentOf } from './document.ts'
import { invoiceHtml } from './html.ts'
import { payInvoice, voidInvoice, writeOffInvoice } from './pay.ts'
import { invoicePdf } from './pdf.ts'
import { pageOfInvoices, readInvoice } from './store.ts'

export function invoiceRoutes(terms: Terms): Route[] {
  const shown = async ({ db, organizationId }: RequestContext, invoiceId: string) => {
    const invoice = await readInvoice(db, invoiceId, organizationId)
    return { name: `invoice-${invoice.number ?? 'draft'}`, document: await documentOf(db, invoice) }
  }
  return implement(invoiceEndpoints, {
    list: ({ db, organizationId }, { query }) => pageOfInvoices(db, organizationId, query),
    get: ({ db, organizationId }, { params }) => readInvoice(db, params.invoiceId, organizationId),
    html: async (context, { params }) => {
      const { name, document } = await shown(context, params.invoiceId)
      return new FileReply(`${name}.html`, Readable.from([invoiceHtml(document)], { objectMode: false }))
    },
    pdf: async (context, { params }) => {
      const { name, document } = await shown(context, params.invoiceId)
      return new FileReply(`${name}.pdf`, Readable.from(invoicePdf(document), { objectMode: false }))
    },
    ofOrganization: async ({ db }, { params, query }) => {
      const organizationId = await findOrganizationId(db, params.organizationId)
      if (!organizationId) throw notFound('organization')
      return pageOfInvoices(db, organizationId, query)
    },
    pay: (context, { params, body }) =>
      context.mutate((tx) => payInvoice(tx, params.invoiceId, body.reference, terms)),
    void: (context, { params, body }) =>
      context.mutate((tx) => voidInvoice(tx, params.invoiceId, body.reason, terms)),
    writeOff: (context, { params, body }) =>
      context.mutate((tx) => writeOffInvoice(tx, params.invoiceId, body.reason, terms)),
  })
}
