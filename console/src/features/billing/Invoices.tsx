import { api, formatMoney, type Invoice } from '@berth/contracts'
import { useInfiniteQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { factsOf } from '../../api/client.ts'
import { useRows } from '../../app/lists.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Panel, RowsSkeleton } from '../../ui/Panel.tsx'
import { StatusMark } from '../../ui/StatusMark.tsx'
import { Table, Td, Th } from '../../ui/Table.tsx'
import type { invoicePages } from './queries.ts'
import { dayOf, invoiceMarks, momentOf } from './words.ts'

const wide = 'hidden @2xl:table-cell'

/** The invoices of an organization, newest first; `deeds` is what others than its members can do with one. */
export function Invoices(props: {
  source: ReturnType<typeof invoicePages>
  timeZone: string
  deeds?: (invoice: Invoice) => ReactNode
}) {
  const { source, timeZone, deeds } = props
  const query = useInfiniteQuery(source)
  const rows = useRows(query.data)
  const open = rows.filter(({ state, provider }) => state === 'open' && provider === 'manual')
  return (
    <Panel flush title="Invoices" note={open.length > 0 && !deeds ? howToPay(open) : 'newest first'}>
      {query.isError && (
        <div className="p-3">
          <ErrorPanel {...factsOf(query.error)} onRetry={() => void query.refetch()} />
        </div>
      )}
      {query.isPending && <RowsSkeleton label="Loading invoices" rows={3} />}
      {query.data && rows.length === 0 && (
        <p className="px-3 py-2.5 text-xs text-ink-2">
          There is no invoice yet. One is issued as soon as something is to be paid.
        </p>
      )}
      {rows.length > 0 && (
        <Table>
          <thead>
            <tr>
              <Th className="w-[18%] @2xl:w-auto">Number</Th>
              <Th className="w-[24%] @2xl:w-[12%]">State</Th>
              <Th className={`${wide} w-[14%]`}>Issued</Th>
              <Th className={`${wide} w-[14%]`}>Due</Th>
              <Th numeric className="w-[22%] @2xl:w-[14%]">
                Total
              </Th>
              <Th numeric className={deeds ? 'w-[36%] @2xl:w-[34%]' : 'w-[36%] @2xl:w-[14%]'}>
                <span className="sr-only">What can be done</span>
              </Th>
            </tr>
          </thead>
          <tbody>
            {rows.map((invoice) => (
              <Row key={invoice.id} {...{ invoice, timeZone }}>
                {deeds ? deeds(invoice) : <Files invoice={invoice} />}
              </Row>
            ))}
          </tbody>
        </Table>
      )}
      {query.hasNextPage && (
        <div className="border-t border-line-soft p-2">
          <Button pending={query.isFetchingNextPage && 'Loading…'} onClick={() => void query.fetchNextPage()}>
            Show older ones
          </Button>
        </div>
      )}
    </Panel>
  )
}

/** Operators record payments; nothing else takes them. */
function howToPay(open: readonly Invoice[]): string {
  const which = open.map(({ number }) => number ?? 'the draft').join(', ')
  return `To pay ${which}, settle with whoever runs this installation and quote the number: an operator records the payment.`
}

function Row({ invoice, timeZone, children }: { invoice: Invoice; timeZone: string; children: ReactNode }) {
  const { number, state, issuedAt, dueAt, total, currency, reference } = invoice
  const day = (at: string | null) =>
    at ? (
      <time dateTime={at} title={momentOf(at, timeZone)}>
        {dayOf(at, timeZone)}
      </time>
    ) : (
      '–'
    )
  return (
    <tr className="group/row">
      <Td title={invoice.lines.map(({ description }) => description).join('\n')} className="font-mono">
        {number ?? 'draft'}
      </Td>
      <Td title={reference ?? undefined}>
        <StatusMark {...invoiceMarks[state]} />
      </Td>
      <Td className={wide}>{day(issuedAt)}</Td>
      <Td className={wide}>{day(dueAt)}</Td>
      <Td numeric>{formatMoney(total, currency)}</Td>
      <Td numeric>{children}</Td>
    </tr>
  )
}

/** Links to the invoice as a page and as PDF. */
function Files({ invoice: { id, organizationId, number, state, payUrl } }: { invoice: Invoice }) {
  if (!number) return null
  const to = (path: string) =>
    path.replace(':organizationId', organizationId).replace(':invoiceId', encodeURIComponent(id))
  const link = 'rounded-sm font-[550] text-accent hover:underline'
  return (
    <span className="flex flex-wrap justify-end gap-x-2">
      {state === 'open' && payUrl && (
        <a
          className={link}
          href={payUrl}
          target="_blank"
          rel="noreferrer"
          aria-label={`Pay invoice ${number}`}
        >
          Pay
        </a>
      )}
      <a
        className={link}
        href={to(api.invoices.html.path)}
        target="_blank"
        rel="noreferrer"
        aria-label={`Invoice ${number} as a page`}
      >
        Page
      </a>
      <a className={link} href={to(api.invoices.pdf.path)} aria-label={`Invoice ${number} as PDF`}>
        PDF
      </a>
    </span>
  )
}
