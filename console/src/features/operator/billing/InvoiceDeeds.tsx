import { type Invoice, invoiceMachine, refusalOf } from '@berth/contracts'
import { lazy, Suspense, useState } from 'react'
import { Button } from '../../../ui/Button.tsx'
import { Menu } from '../../../ui/Menu.tsx'

const labels = {
  pay: 'Record a payment…',
  void: 'Void it…',
  'write-off': 'Write it off…',
} as const
export type InvoiceDeed = keyof typeof labels

const SettleInvoice = lazy(async () => ({ default: (await import('./SettleInvoice.tsx')).SettleInvoice }))

/** What an operator can do with an invoice: what its state allows. */
export function InvoiceDeeds({ invoice }: { invoice: Invoice }) {
  const [asked, setAsked] = useState<InvoiceDeed | null>(null)
  const { number, state } = invoice
  const possible = (Object.keys(labels) as InvoiceDeed[]).filter(
    (deed) => refusalOf(invoiceMachine, state, deed) === null,
  )
  if (possible.length === 0) return '–'
  return (
    <>
      <Menu
        align="end"
        trigger={
          <Button className="!h-7 text-xs" aria-label={`Settle invoice ${number ?? 'draft'}`}>
            Settle…
          </Button>
        }
        groups={[{ entries: possible.map((deed) => ({ label: labels[deed], run: () => setAsked(deed) })) }]}
      />
      <Suspense>
        {asked && <SettleInvoice invoice={invoice} what={asked} onClose={() => setAsked(null)} />}
      </Suspense>
    </>
  )
}
