import { createWriteStream, existsSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { api, formatMoney, type Invoice, type InvoiceState } from '@berth/contracts'
import { Command, Option } from 'commander'
import { does, noun } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { RefusedError } from '../core/errors.ts'
import { organizationOf } from '../core/find.ts'
import { untilInterrupted } from '../core/interrupt.ts'
import type { Output } from '../core/output.ts'
import { paged, readPages, type PageOptions } from '../core/pages.ts'
import { stateCell } from '../core/words.ts'

const one = (name: string, description: string) =>
  new Command(name).description(description).argument('<invoice>', 'its number or id')

/** `mcpctl billing invoices` */
export function invoicesCommand(): Command {
  const states = ['draft', 'open', 'paid', 'void', 'uncollectible']
  return noun('invoices', 'The invoices of the organization', [
    does(
      paged(new Command('list').description('Invoices, newest first'))
        .addOption(new Option('--state <state>', 'only these').choices(states))
        .option('--of <organization>', 'those of any organization, by id or slug (operators)'),
      list,
    ),
    does(one('show', 'One invoice with its lines'), show),
    does(
      one('save', 'Save one invoice as PDF, or as a page')
        .addOption(new Option('--as <kind>', 'what to save').choices(['pdf', 'html']).default('pdf'))
        .option('--output <file>', 'where to (default: invoice-<number> here)')
        .option('--force', 'write over a file that is there'),
      save,
    ),
    does(
      one('pay', 'Record that an invoice was paid (operators)').requiredOption(
        '--reference <text>',
        'where the payment stands, such as "bank statement 12"',
      ),
      async (context: Context, body: { reference: string }, invoiceId: string) =>
        print(context.out, await context.call(api.invoices.pay, { params: { invoiceId }, body })),
    ),
    does(
      one('void', 'Void an invoice; its number stays taken (operators)').requiredOption(
        '--reason <reason>',
        'why',
      ),
      async (context: Context, body: { reason: string }, invoiceId: string) =>
        print(context.out, await context.call(api.invoices.void, { params: { invoiceId }, body })),
    ),
    does(
      one('write-off', 'Give up collecting an invoice (operators)').requiredOption(
        '--reason <reason>',
        'why',
      ),
      async (context: Context, body: { reason: string }, invoiceId: string) =>
        print(context.out, await context.call(api.invoices.writeOff, { params: { invoiceId }, body })),
    ),
  ])
}

interface ListOptions extends PageOptions {
  state?: InvoiceState
  of?: string
}

async function list(context: Context, options: ListOptions): Promise<void> {
  const { state, of } = options
  const endpoint = of === undefined ? api.invoices.list : api.invoices.ofOrganization
  const params = { organizationId: of ?? (await organizationOf(context)) }
  const page = await readPages(options, (query) =>
    context.call(endpoint, { params, query: { ...query, state } }),
  )
  if (context.out.json) return context.out.data(page)
  context.out.table(
    page.items,
    [
      { title: 'number', cell: (invoice) => invoice.number },
      { title: 'state', cell: (invoice) => stateCell(invoice.state) },
      { title: 'total', cell: (invoice) => formatMoney(invoice.total, invoice.currency) },
      { title: 'issued', cell: (invoice) => invoice.issuedAt },
      { title: 'due', cell: (invoice) => invoice.dueAt },
      { title: 'id', cell: (invoice) => invoice.id },
    ],
    'There are no invoices.',
  )
}

async function show(context: Context, _options: object, invoiceId: string): Promise<void> {
  const organizationId = await organizationOf(context)
  print(context.out, await context.call(api.invoices.get, { params: { organizationId, invoiceId } }))
}

function print(out: Output, invoice: Invoice): void {
  if (out.json) return out.data(invoice)
  const money = (amount: string) => formatMoney(amount, invoice.currency)
  out.fields([
    ['number', invoice.number],
    ['state', stateCell(invoice.state)],
    ['total', money(invoice.total)],
    ['issued', invoice.issuedAt],
    ['due', invoice.dueAt],
    ...(invoice.paidAt ? [['paid', invoice.paidAt] satisfies [string, string]] : []),
    ...(invoice.reference ? [['reference', invoice.reference] satisfies [string, string]] : []),
    ...(invoice.payUrl && invoice.state === 'open'
      ? [['pay at', invoice.payUrl] satisfies [string, string]]
      : []),
    ['id', invoice.id],
  ])
  out.table(
    invoice.lines,
    [
      { title: 'line', cell: (line) => line.description },
      { title: 'quantity', cell: (line) => line.quantity },
      { title: 'price', cell: (line) => money(line.unitAmount) },
      { title: 'amount', cell: (line) => money(line.amount) },
    ],
    '',
  )
}

interface SaveOptions {
  as: 'pdf' | 'html'
  output?: string
  force?: boolean
}

async function save(context: Context, options: SaveOptions, invoiceId: string): Promise<void> {
  const params = { organizationId: await organizationOf(context), invoiceId }
  const { number } = await context.call(api.invoices.get, { params })
  const file = options.output ?? `invoice-${number ?? 'draft'}.${options.as}`
  if (!options.force && existsSync(file))
    throw new RefusedError(`${file} is there already. Choose another with --output, or say --force.`)
  const endpoint = options.as === 'pdf' ? api.invoices.pdf : api.invoices.html
  const response = await context.open(endpoint, { params }, { signal: untilInterrupted() })
  try {
    await pipeline(Readable.fromWeb(response.body as never), createWriteStream(file))
  } catch (error) {
    throw new RefusedError(`${file} cannot be written: ${(error as Error).message}.`)
  }
  if (context.out.json) context.out.data({ file })
  else context.out.done(`The invoice is in ${file}.`)
}
