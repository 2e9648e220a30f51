import { api, type Subscription } from '@berth/contracts'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { lazy, Suspense, useCallback, useMemo, useRef } from 'react'
import { call, factsOf } from '../../api/client.ts'
import { type Action, usePageActions } from '../../app/actions.tsx'
import { useSnapshotInterval } from '../../app/live.ts'
import { useOrganization, whyNot } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { sayDone, sayFailed } from '../../ui/Toast.tsx'
import { Holds } from './Holds.tsx'
import { Invoices } from './Invoices.tsx'
import { Plans } from './Plans.tsx'
import { overdueRefusal } from './matter.ts'
import { invoicesQuery, plansQuery, subscriptionQuery } from './queries.ts'
import { Payment } from './Payment.tsx'
import { QuotaBars } from './QuotaBars.tsx'
import { Situation } from './Situation.tsx'
import { UsagePanel } from './UsagePanel.tsx'
import { Waiting } from './Waiting.tsx'
import { dayOf } from './words.ts'

const ChangeDialog = lazy(async () => ({ default: (await import('./ChangeDialog.tsx')).ChangeDialog }))
const CancelDialog = lazy(async () => ({ default: (await import('./CancelDialog.tsx')).CancelDialog }))

/** What an organization is on, what it uses of it, what it costs, and how to change that. */
export function BillingPage() {
  const organization = useOrganization()
  const unreadable = whyNot(organization, 'billing:read')
  const subscription = useQuery({
    ...subscriptionQuery(organization.id),
    refetchInterval: useSnapshotInterval(),
    enabled: !unreadable,
  })
  return (
    <main className="@container h-full overflow-y-auto px-4 py-4 sm:px-5">
      <title>{`Billing · ${organization.name} · Berth`}</title>
      {!subscription.data && <h1 className="mb-3">Billing</h1>}
      {unreadable && <p className="max-w-[75ch] text-ink-2">{unreadable}</p>}
      {subscription.isError && (
        <div className="mb-3">
          <ErrorPanel {...factsOf(subscription.error)} onRetry={() => void subscription.refetch()} />
        </div>
      )}
      {!unreadable && subscription.isPending && <Skeleton className="h-64" />}
      {subscription.data && <Whole subscription={subscription.data} />}
    </main>
  )
}

function Whole({ subscription }: { subscription: Subscription }) {
  const organization = useOrganization()
  const { id } = organization
  const { change, ask, checkout, hold, by = 'day' } = useSearch({ from: '/console/billing/$organizationId' })
  const navigate = useNavigate({ from: '/console/billing/$organizationId' })
  const plans = useRef<HTMLDivElement>(null)
  const { data: offered } = useQuery(plansQuery)
  const refused = whyNot(organization, 'billing:write')
  const { plan, timeZone } = subscription
  const unpaid = overdueRefusal(subscription, plan)
  const set = useCallback(
    (search: { change?: string | undefined; ask?: typeof ask }) =>
      void navigate({ search: (before) => ({ ...before, change: undefined, ask: undefined, ...search }) }),
    [navigate],
  )
  const close = () => set({})
  const compare = useCallback(() => {
    plans.current?.scrollIntoView({ block: 'start' })
    plans.current?.focus()
  }, [])
  const cancelable = BigInt(plan.price) > 0n || (plan.fallback ?? 'free') !== plan.plan
  usePageActions(
    useMemo(
      (): Action[] => [
        { id: 'plans', label: 'Compare the plans', key: 'p', run: compare },
        ...(plan.per === 'seat'
          ? [
              {
                id: 'seats',
                label: 'Change the seats',
                whyNot: refused ?? unpaid,
                run: () => set({ ask: 'seats' }),
              },
            ]
          : []),
        ...(cancelable
          ? [
              {
                id: 'cancel',
                label: `Cancel ${plan.name}`,
                whyNot: refused,
                run: () => set({ ask: 'cancel' }),
              },
            ]
          : []),
      ],
      [compare, refused, unpaid, plan, cancelable, set],
    ),
  )
  const wanted = offered?.items.find((one) => one.plan === change)
  // What is to be paid comes first.
  const overdue = subscription.state === 'past_due' || subscription.state === 'suspended'
  const invoices = <Invoices source={invoicesQuery(id)} timeZone={timeZone} />
  return (
    <>
      <div className="mb-3 flex items-center gap-3">
        <h1 className="flex-1">Billing</h1>
        <Button look={overdue || subscription.incomplete ? 'plain' : 'primary'} onClick={compare}>
          Compare plans
        </Button>
      </div>
      <Waiting
        {...{ subscription, refused, checkout }}
        onClose={() => void navigate({ search: (before) => ({ ...before, checkout: undefined }) })}
      />
      <div className="grid items-start gap-x-3.5 @4xl:grid-cols-2">
        <Situation
          subscription={subscription}
          actions={
            <Deeds {...{ subscription, refused, unpaid, cancelable }} onAsk={(what) => set({ ask: what })} />
          }
        />
        <QuotaBars organizationId={id} timeZone={timeZone} />
      </div>
      {overdue && invoices}
      <UsagePanel
        organizationId={id}
        timeZone={timeZone}
        by={by}
        onBy={(to) => void navigate({ search: (before) => ({ ...before, by: to }), replace: true })}
      />
      <Holds
        {...{ timeZone, refused }}
        organizationId={id}
        asked={hold}
        onAsk={(holdId) => void navigate({ search: (before) => ({ ...before, hold: holdId }) })}
      />
      <div ref={plans} tabIndex={-1} className="outline-none">
        <Plans subscription={subscription} refused={refused} onChoose={(chosen) => set({ change: chosen })} />
      </div>
      {!overdue && invoices}
      <Suspense>
        {wanted && !refused && !overdueRefusal(subscription, wanted) && (
          <ChangeDialog
            key={wanted.id}
            organizationId={id}
            subscription={subscription}
            plan={wanted}
            onClose={close}
          />
        )}
        {ask === 'seats' && !refused && !unpaid && plan.per === 'seat' && (
          <ChangeDialog organizationId={id} subscription={subscription} plan={plan} onClose={close} />
        )}
        {ask === 'cancel' && !refused && cancelable && (
          <CancelDialog organizationId={id} subscription={subscription} onClose={close} />
        )}
      </Suspense>
    </>
  )
}

/** What can be done with the subscription as it stands. */
function Deeds(props: {
  subscription: Subscription
  refused: string | null
  unpaid: string | null
  cancelable: boolean
  onAsk: (what: 'seats' | 'cancel') => void
}) {
  const { subscription, refused, unpaid, cancelable, onAsk } = props
  const { id } = useOrganization()
  const { plan, scheduled, cancelAtPeriodEnd, period, timeZone } = subscription
  const queryClient = useQueryClient()
  const back = useMutation({
    mutationFn: (what: 'unschedule' | 'resume') =>
      call(api.subscriptions[what], { params: { organizationId: id } }),
    onSuccess: (changed) => {
      queryClient.setQueryData(subscriptionQuery(id).queryKey, changed)
      sayDone(`${changed.plan.name} goes on as it is.`)
    },
    onError: (error) => sayFailed('It was not taken back', factsOf(error)),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['billing', id] }),
  })
  return (
    <>
      <Payment organizationId={id} refused={refused} />
      {scheduled && (
        <p className="flex basis-full flex-wrap items-center gap-2 text-xs">
          <span className="min-w-0 flex-1 basis-[30ch]">
            On {dayOf(scheduled.at, timeZone)} it changes to{' '}
            <b className="font-semibold">{scheduled.plan.name}</b>
            {scheduled.seats !== null &&
              ` with ${scheduled.seats === 1 ? '1 seat' : `${scheduled.seats} seats`}`}
            .
          </span>
          <Button
            whyNot={refused}
            pending={back.isPending && 'Taking it back…'}
            onClick={() => back.mutate('unschedule')}
          >
            Stay on {plan.name}
          </Button>
        </p>
      )}
      {plan.per === 'seat' && (
        <Button whyNot={refused ?? unpaid} onClick={() => onAsk('seats')}>
          Change the seats…
        </Button>
      )}
      {cancelAtPeriodEnd ? (
        <p className="flex basis-full flex-wrap items-center gap-2 text-xs">
          <span className="min-w-0 flex-1 basis-[30ch]">
            It is canceled and ends on {dayOf(period.end, timeZone)}.
          </span>
          <Button
            whyNot={refused}
            pending={back.isPending && 'Taking it back…'}
            onClick={() => back.mutate('resume')}
          >
            Keep {plan.name}
          </Button>
        </p>
      ) : (
        cancelable && (
          <Button look="danger" whyNot={refused} onClick={() => onAsk('cancel')}>
            Cancel {plan.name}…
          </Button>
        )
      )}
    </>
  )
}
