import { api, formatMoney, type PlanVersion, type Quote, type Subscription } from '@berth/contracts'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useDeferredValue, useState } from 'react'
import { call, createIdempotencyKeys, factsOf } from '../../api/client.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter, DialogForm } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Checkbox, Field, Input } from '../../ui/Field.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { sayDone } from '../../ui/Toast.tsx'
import { leaveToPay } from './leaveToPay.ts'
import { paymentQuery, previewQuery, subscriptionQuery } from './queries.ts'
import { OverLimits } from './Situation.tsx'
import { dayOf, momentOf, priceOf } from './words.ts'

/** Changes the plan or its seats, and shows before what it costs and brings. */
export function ChangeDialog(props: {
  organizationId: string
  subscription: Subscription
  /** The plan to change to; the present one: its seats alone are changed. */
  plan: PlanVersion
  onClose: () => void
}) {
  const { organizationId, subscription, plan, onClose } = props
  const { timeZone, version: expectedVersion } = subscription
  const seatsAlone = plan.id === subscription.plan.id
  const queryClient = useQueryClient()
  const [keyOf] = useState(createIdempotencyKeys)
  const [seats, setSeats] = useState(seatsAlone ? String(subscription.seats ?? '') : '')
  const [trial, setTrial] = useState(plan.trialDays > 0 && BigInt(subscription.plan.price) === 0n)
  const fault = /^([1-9]\d{0,5})?$/.test(seats.trim()) ? undefined : 'Say a whole number from 1.'
  const counted = seats.trim() && !fault ? Number(seats) : null
  const wish = { plan: plan.plan, seats: plan.per === 'seat' ? counted : null, trial: trial && !seatsAlone }
  // The seats are of the plan as the organization has it, whatever version of it is newest.
  const asked = seatsAlone ? { ...wish, plan: undefined } : wish
  const unchanged = seatsAlone && (counted === null || counted === subscription.seats)
  const preview = useQuery({
    ...previewQuery(organizationId, expectedVersion, useDeferredValue(asked)),
    enabled: !fault && !unchanged,
  })
  const quote = preview.data
  const { data: payment } = useQuery(paymentQuery(organizationId))
  const change = useMutation({
    mutationFn: (when: 'quoted' | 'period-end') => {
      const params = { organizationId }
      if (when === 'period-end')
        return call(api.subscriptions.schedule, {
          params,
          body: { plan: plan.plan, seats: wish.seats, expectedVersion },
        })
      const agreed = { quotedAt: quote!.at, expectedVersion: quote!.expectedVersion }
      if (seatsAlone)
        return call(api.subscriptions.setSeats, { params, body: { seats: counted!, ...agreed } })
      const body = { ...wish, ...agreed }
      return call(api.subscriptions.change, { params, body }, { idempotencyKey: keyOf(body) })
    },
    onSuccess: async (changed, when) => {
      queryClient.setQueryData(subscriptionQuery(organizationId).queryKey, changed)
      sayDone(doneOf(changed, { atEnd: when === 'period-end' || quote?.kind === 'period-end', seatsAlone }))
      onClose()
      await queryClient.invalidateQueries({ queryKey: ['billing'] })
    },
    onError: () => queryClient.invalidateQueries({ queryKey: ['billing', organizationId] }),
  })
  const checkout = useMutation({
    mutationFn: () => call(api.checkout.checkout, { params: { organizationId }, body: wish }),
    onSuccess: ({ url }) => leaveToPay(url),
    onError: () => queryClient.invalidateQueries({ queryKey: ['billing', organizationId] }),
  })
  const waiting = preview.isFetching ? 'It is being worked out what that costs.' : null
  const notYet = unchanged
    ? 'These are the seats you have: say another number.'
    : (fault ?? (preview.isError ? 'It cannot be changed like that; see why above.' : quote ? null : waiting))
  return (
    <Dialog
      open
      width="wide"
      onClose={onClose}
      title={seatsAlone ? `Change the seats of ${plan.name}` : `Change to ${plan.name}`}
      description={`${priceOf(plan)}. Now: ${subscription.plan.name}, ${priceOf(subscription.plan)}.`}
    >
      <DialogForm
        onSubmit={() => {
          if (notYet) return
          if (quote?.checkout) checkout.mutate()
          else change.mutate('quoted')
        }}
      >
        <DialogBody>
          {plan.per === 'seat' && (
            <Field
              label="Seats"
              optional={!seatsAlone}
              error={fault}
              hint={
                seatsAlone ? 'More now, fewer at the end of the period.' : 'Empty: as many as are in use.'
              }
            >
              <Input
                inputMode="numeric"
                autoComplete="off"
                className="!w-32"
                value={seats}
                onChange={(event) => setSeats(event.target.value)}
              />
            </Field>
          )}
          {plan.trialDays > 0 && !seatsAlone && (
            <Checkbox
              label={`Begin with the trial of ${plan.trialDays} days`}
              hint="An organization may try a plan once. Nothing is to be paid until the trial ends."
              checked={trial}
              onChange={(event) => setTrial(event.target.checked)}
            />
          )}
          {preview.isError ? (
            <ErrorPanel {...factsOf(preview.error)} onRetry={() => void preview.refetch()} />
          ) : quote ? (
            <Shown {...{ quote, timeZone, plan }} method={payment?.method ?? null} />
          ) : (
            !fault && !unchanged && <Skeleton className="h-24" />
          )}
          {change.error && <ErrorPanel {...factsOf(change.error)} />}
          {checkout.error && <ErrorPanel {...factsOf(checkout.error)} />}
        </DialogBody>
        <DialogFooter>
          <Button onClick={onClose}>Leave it as it is</Button>
          {!seatsAlone && !wish.trial && quote?.kind === 'now' && BigInt(subscription.plan.price) > 0n && (
            <Button pending={change.isPending && 'Saving…'} onClick={() => change.mutate('period-end')}>
              At the end of the period
            </Button>
          )}
          <Button type="submit" look="primary" whyNot={notYet} pending={pendingOf(change, checkout)}>
            {deedOf(quote, plan, seatsAlone)}
          </Button>
        </DialogFooter>
      </DialogForm>
    </Dialog>
  )
}

interface Sent {
  isPending: boolean
  isSuccess: boolean
}

/** Away to the checkout, the dialog stays as it is until the page is left. */
function pendingOf(change: Sent, checkout: Sent): string | false {
  if (checkout.isPending || checkout.isSuccess) return 'Opening the checkout…'
  return change.isPending && 'Changing…'
}

function deedOf(quote: Quote | undefined, plan: PlanVersion, seatsAlone: boolean): string {
  const what = seatsAlone ? 'Change the seats' : `Change to ${plan.name}`
  if (quote?.checkout) return 'Go to the checkout'
  if (quote?.trialEndsAt && !seatsAlone) return `Begin the trial of ${plan.name}`
  return quote?.kind === 'period-end' ? `${what} at the end of the period` : what
}

function doneOf(
  changed: Subscription,
  { atEnd, seatsAlone }: { atEnd: boolean; seatsAlone: boolean },
): string {
  const { plan, seats, scheduled, trialEndsAt, timeZone, state } = changed
  if (atEnd && scheduled)
    return `It changes to ${scheduled.plan.name}${seatsIn(scheduled.seats)} on ${dayOf(scheduled.at, timeZone)}.`
  if (state === 'trialing' && trialEndsAt && !seatsAlone)
    return `The trial of ${plan.name} has begun; it ends on ${dayOf(trialEndsAt, timeZone)}.`
  return `The plan is ${plan.name}${seatsIn(seats)} now.`
}

const seatsIn = (seats: number | null): string =>
  seats === null ? '' : ` with ${seats === 1 ? '1 seat' : `${seats} seats`}`

/** A quote as it is agreed to: its lines, the sum, what follows. */
function Shown(props: {
  quote: Quote
  timeZone: string
  plan: PlanVersion
  /** What invoices are collected from; null: nothing is known. */
  method: string | null
}) {
  const { quote, timeZone, plan, method } = props
  const { lines, total, currency, kind, effectiveAt, trialEndsAt, next, notes, checkout } = quote
  return (
    <section aria-label="What follows" aria-live="polite" className="flex flex-col gap-2.5 text-xs">
      <p>
        {kind === 'now' ? (
          <>It takes place {checkout ? 'once it is paid at the checkout' : 'now'}.</>
        ) : (
          <>
            It takes place on{' '}
            <b className="font-semibold" title={momentOf(effectiveAt, timeZone)}>
              {dayOf(effectiveAt, timeZone)}
            </b>
            , at the end of the period.
          </>
        )}{' '}
        {trialEndsAt && (
          <>
            The trial ends on <b className="font-semibold">{dayOf(trialEndsAt, timeZone)}</b>.
          </>
        )}
      </p>
      <dl className="rounded-lg border border-line">
        {lines.map((line) => (
          <Amount
            key={`${line.kind} ${line.description}`}
            name={lineWords(line)}
            amount={formatMoney(line.amount, currency)}
          />
        ))}
        <Amount
          strong
          name={BigInt(total) < 0n ? 'Credited' : 'To pay now'}
          amount={formatMoney(BigInt(total) < 0n ? total.slice(1) : total, currency)}
        />
        {next && (
          <Amount
            name={`Then on ${dayOf(next.at, timeZone)}, and every ${plan.interval}`}
            amount={formatMoney(next.total, currency)}
          />
        )}
      </dl>
      {BigInt(total) > 0n && !checkout && (
        <p className="text-ink-2">
          An invoice is issued at once;{' '}
          {method
            ? `it is collected from ${method}.`
            : `it is due ${plan.dueDays === 0 ? 'at once' : `in ${plan.dueDays === 1 ? '1 day' : `${plan.dueDays} days`}`}.`}
        </p>
      )}
      <OverLimits subscription={quote} />
      {notes.length > 0 && (
        <ul className="list-disc pl-4 text-ink-2">
          {notes.map((note) => (
            <li key={note}>{withDays(note, timeZone)}</li>
          ))}
        </ul>
      )}
    </section>
  )
}

const lineWords = ({ description, quantity }: Quote['lines'][number]): string =>
  quantity > 1 ? `${description}, ${quantity.toLocaleString('en')} times` : description

/** Instants within a sentence, as days of the subscription's zone. */
const withDays = (sentence: string, timeZone: string): string =>
  sentence.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (at) => dayOf(at, timeZone))

function Amount({ name, amount, strong }: { name: string; amount: string; strong?: boolean }) {
  return (
    <div
      className={`flex gap-3 border-b border-line-soft px-3 py-1.5 last:border-0 ${strong ? 'font-semibold' : ''}`}
    >
      <dt className="min-w-0 flex-1">{name}</dt>
      <dd className="tabular-nums">{amount}</dd>
    </div>
  )
}
