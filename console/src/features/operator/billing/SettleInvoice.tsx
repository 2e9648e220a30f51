import { api, formatMoney, type Invoice } from '@berth/contracts'
import { useState } from 'react'
import { call } from '../../../api/client.ts'
import { Field, Input } from '../../../ui/Field.tsx'
import { DeedDialog } from './DeedDialog.tsx'
import type { InvoiceDeed } from './InvoiceDeeds.tsx'

const deeds = {
  pay: {
    title: (name: string) => `Record that ${name} is paid?`,
    text: 'What was overdue or suspended is in use again at once, and servers resume by themselves. It cannot be taken back.',
    field: 'Reference',
    hint: 'Where the payment stands, such as “bank statement 12”.',
    deed: 'Record the payment',
    doing: 'Recording…',
    done: 'is paid.',
  },
  void: {
    title: (name: string) => `Void ${name}?`,
    text: 'Nothing is owed for it any more; its number stays taken. It cannot be taken back.',
    field: 'Reason',
    hint: 'The organization is shown it in its log.',
    deed: 'Void the invoice',
    doing: 'Voiding…',
    done: 'is void.',
  },
  'write-off': {
    title: (name: string) => `Write ${name} off?`,
    text: 'Nobody waits for its payment any more, but the subscription goes on as if it were unpaid. It can still be paid later.',
    field: 'Reason',
    hint: 'The organization is shown it in its log.',
    deed: 'Write the invoice off',
    doing: 'Writing off…',
    done: 'is written off.',
  },
} as const satisfies Record<InvoiceDeed, object>

/** Asks for what stands in the log once an invoice is settled in one of the ways. */
export function SettleInvoice(props: { invoice: Invoice; what: InvoiceDeed; onClose: () => void }) {
  const { invoice, what, onClose } = props
  const [text, setText] = useState('')
  const { id: invoiceId, number, total, currency } = invoice
  const { title, field, hint, done, ...rest } = deeds[what]
  const name = `invoice ${number ?? 'draft'} over ${formatMoney(total, currency)}`
  const given = text.trim()
  const params = { invoiceId }
  const run = () => {
    if (what === 'pay') return call(api.invoices.pay, { params, body: { reference: given } })
    return call(what === 'void' ? api.invoices.void : api.invoices.writeOff, {
      params,
      body: { reason: given },
    })
  }
  return (
    <DeedDialog
      {...rest}
      title={title(name)}
      danger={what !== 'pay'}
      whyNot={given ? null : `Say the ${field.toLowerCase()}.`}
      run={run}
      done={`Invoice ${number ?? 'draft'} ${done}`}
      onClose={onClose}
    >
      <Field label={field} hint={hint}>
        <Input
          autoComplete="off"
          maxLength={200}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </Field>
    </DeedDialog>
  )
}
