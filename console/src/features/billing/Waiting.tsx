import { api, formatMoney, type Subscription } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import { call, factsOf } from '../../api/client.ts'
import { type Action, usePageActions } from '../../app/actions.tsx'
import { Button } from '../../ui/Button.tsx'
import { Panel } from '../../ui/Panel.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { sayDone, sayFailed } from '../../ui/Toast.tsx'
import { leaveToPay } from './leaveToPay.ts'
import { momentOf } from './words.ts'

type Incomplete = NonNullable<Subscription['incomplete']>

/** A change of plan that waits for its first payment; or how the checkout ended that one comes back from. */
export function Waiting(props: {
  subscription: Subscription
  refused: string | null
  /** As the payment provider sent them back. */
  checkout: 'done' | 'canceled' | undefined
  onClose: () => void
}) {
  const { subscription, refused, checkout, onClose } = props
  const { incomplete, plan, organizationId, currency, timeZone } = subscription
  const queryClient = useQueryClient()
  const { mutate: abandon, isPending } = useMutation({
    mutationFn: () => call(api.checkout.abandon, { params: { organizationId } }),
    onSuccess: () => sayDone(`${plan.name} stays as it is; nothing is owed.`),
    onError: (error) => sayFailed('It was not given up', factsOf(error)),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['billing', organizationId] }),
  })
  usePageActions(useMemo(() => actionsOf(incomplete, refused, abandon), [incomplete, refused, abandon]))
  if (!incomplete) {
    if (checkout !== 'done') return null
    return (
      <Panel title="The checkout is done" actions={<Button onClick={onClose}>Close</Button>}>
        <p role="status" className="text-xs">
          {plan.name} is the plan now.
        </p>
      </Panel>
    )
  }
  const until = momentOf(incomplete.expiresAt, timeZone)
  return (
    <Panel title={`${incomplete.plan.name} waits for its first payment`}>
      <div role="status" className="flex flex-wrap items-center gap-2 text-xs">
        <p className="min-w-0 flex-1 basis-[36ch]">
          {checkout === 'done'
            ? 'The payment is being confirmed, which takes a moment. '
            : `${dueOf(incomplete, currency)} by ${until}, or the change is given up by itself. `}
          Until then {plan.name} stays as it is.
        </p>
        {checkout !== 'done' && <Go incomplete={incomplete} />}
        <Button whyNot={refused} pending={isPending && 'Giving it up…'} onClick={() => abandon()}>
          Give up
        </Button>
      </div>
    </Panel>
  )
}

function actionsOf(incomplete: Incomplete | null, refused: string | null, abandon: () => void): Action[] {
  if (!incomplete) return []
  const { plan, url } = incomplete
  const unmade = url === null ? 'The checkout is being made.' : null
  return [
    { id: 'pay', label: `Pay for ${plan.name}`, whyNot: unmade, run: () => window.location.assign(url!) },
    { id: 'abandon', label: `Give up changing to ${plan.name}`, whyNot: refused, run: abandon },
  ]
}

const dueOf = ({ total, seats }: Incomplete, currency: string): string => {
  const whom = seats === null ? '' : ` for ${seats === 1 ? '1 seat' : `${seats} seats`}`
  return total === '0' ? `Leave a card${whom}` : `Pay ${formatMoney(total, currency)}${whom}`
}

/** The link to the checkout, once it is known. */
function Go({ incomplete: { url, total } }: { incomplete: Incomplete }) {
  if (url === null) return <Skeleton className="h-7 w-28" />
  return (
    <Button look="primary" onClick={() => leaveToPay(url)}>
      {total === '0' ? 'Go to the checkout' : 'Pay now'}
    </Button>
  )
}
