import { api } from '@berth/contracts'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../../../api/client.ts'
import { Button } from '../../../ui/Button.tsx'
import { Checkbox, Field, Input } from '../../../ui/Field.tsx'
import { clockQuery, plansQuery } from '../../billing/queries.ts'
import { DeedDialog } from './DeedDialog.tsx'
import type { Billed } from './queries.ts'

interface AskProps {
  one: Billed
  onClose: () => void
}

/** Puts an organization on a plan at once, also on one that it could not choose itself. */
export function AssignPlan({ one, onClose }: AskProps) {
  const { organization } = one
  const { data: offered } = useQuery(plansQuery)
  const [form, setForm] = useState({ plan: '', seats: '', trial: false, charge: true })
  const set = (change: Partial<typeof form>) => setForm((before) => ({ ...before, ...change }))
  const seatsFault = /^([1-9]\d{0,5})?$/.test(form.seats.trim()) ? undefined : 'Say a whole number from 1.'
  const plan = form.plan.trim()
  const seats = form.seats.trim() ? Number(form.seats) : null
  const names = offered?.items.map((each) => each.plan).join(', ')
  return (
    <DeedDialog
      title={`Assign a plan to ${organization.name}`}
      text={`It takes the place of ${one.plan} at once, also where it grants less: the newest servers that are over its limits stop. What is left of a period that is paid for is credited.`}
      deed="Assign the plan"
      doing="Assigning…"
      whyNot={plan ? (seatsFault ?? null) : 'Say which plan.'}
      run={() =>
        call(api.billing.assign, {
          params: { organizationId: organization.id },
          body: { plan, seats, trial: form.trial, charge: form.charge },
        })
      }
      done={`${organization.name} is on ${plan} now.`}
      onClose={onClose}
    >
      <Field
        label="Plan"
        hint={`Its short name, as in the plan file; also one that is not offered.${names ? ` Offered: ${names}.` : ''}`}
      >
        <Input
          autoComplete="off"
          className="font-mono"
          value={form.plan}
          onChange={(event) => set({ plan: event.target.value })}
        />
      </Field>
      <Field
        label="Seats"
        optional
        error={seatsFault}
        hint="Of a plan priced by seat. Empty: as many as are in use."
      >
        <Input
          inputMode="numeric"
          autoComplete="off"
          value={form.seats}
          onChange={(event) => set({ seats: event.target.value })}
        />
      </Field>
      <Checkbox
        label="Begin with its trial"
        checked={form.trial}
        onChange={(event) => set({ trial: event.target.checked })}
      />
      <Checkbox
        label="Issue an invoice for this period"
        checked={form.charge}
        onChange={(event) => set({ charge: event.target.checked })}
      />
    </DeedDialog>
  )
}

/** Lets an organization be over its limits until the end of a day, or ends that. */
export function AllowOverLimit({ one, onClose }: AskProps) {
  const { organization } = one
  const [day, setDay] = useState('')
  const [ends, setEnds] = useState(false)
  const [reason, setReason] = useState('')
  const until = ends ? null : `${day}T23:59:59Z`
  return (
    <DeedDialog
      title={`Let ${organization.name} be over its limits`}
      text="Until the end of that day (UTC) no server stops because the plan grants fewer. Afterwards, or when you end it, the newest ones stop."
      deed={ends ? 'End it now' : 'Allow it'}
      doing="Saving…"
      danger={ends}
      whyNot={!ends && !day ? 'Say until when.' : reason.trim() ? null : 'Say why: it stands in the log.'}
      run={() =>
        call(api.billing.allowOverLimit, {
          params: { organizationId: organization.id },
          body: { until, reason: reason.trim() },
        })
      }
      done={
        ends
          ? `${organization.name} is held to its limits.`
          : `${organization.name} may be over its limits until ${day}.`
      }
      onClose={onClose}
    >
      <Field label="Until">
        <Input type="date" disabled={ends} value={day} onChange={(event) => setDay(event.target.value)} />
      </Field>
      <Checkbox
        label="End it now instead"
        checked={ends}
        onChange={(event) => setEnds(event.target.checked)}
      />
      <Field label="Reason">
        <Input
          autoComplete="off"
          maxLength={400}
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
      </Field>
    </DeedDialog>
  )
}

const dayMs = 86_400_000
const steps = [
  ['+ 1 day', dayMs],
  ['+ 1 week', 7 * dayMs],
  ['+ 31 days', 31 * dayMs],
] as const

/** Moves the clock of a test organization forward. */
export function AdvanceClock({ one, onClose }: AskProps) {
  const { organization } = one
  const { data: clock } = useQuery(clockQuery(organization.id))
  const [given, setGiven] = useState<string | null>(null)
  const now = clock?.now ?? ''
  const to = given ?? now
  const time = Date.parse(to)
  return (
    <DeedDialog
      title={`Move the clock of ${organization.name} forward`}
      text={`It is ${now || '…'} there. Everything that falls due until then happens, in its order: renewals, invoices, the end of grace. It cannot be moved back.`}
      deed="Move it forward"
      doing="Moving it…"
      whyNot={
        Number.isNaN(time)
          ? 'Say a time, such as 2030-01-01T00:00:00Z.'
          : time > Date.parse(now)
            ? null
            : 'It only moves forward: say a later time.'
      }
      run={() =>
        call(api.billing.advanceClock, {
          params: { organizationId: organization.id },
          body: { to: new Date(time).toISOString() },
        })
      }
      done={`It is ${to} for ${organization.name}.`}
      onClose={onClose}
    >
      <Field label="To" hint="With its zone: Z is UTC.">
        <Input
          autoComplete="off"
          className="font-mono"
          value={to}
          onChange={(event) => setGiven(event.target.value)}
        />
      </Field>
      <div className="flex gap-2">
        {steps.map(([label, ms]) => (
          <Button
            key={label}
            className="!h-7 text-xs"
            whyNot={Number.isNaN(time) ? 'There is no time to add to.' : null}
            onClick={() => setGiven(new Date(time + ms).toISOString())}
          >
            {label}
          </Button>
        ))}
      </div>
    </DeedDialog>
  )
}
