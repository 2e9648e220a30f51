import { api, type Subscription } from '@berth/contracts'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { call, factsOf } from '../../api/client.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { previewQuery, subscriptionQuery } from './queries.ts'
import { OverLimits } from './Situation.tsx'
import { dayOf } from './words.ts'

/** Says what follows before a subscription is canceled: at the end of the period, or now where there is none to wait for. */
export function CancelDialog(props: {
  organizationId: string
  subscription: Subscription
  onClose: () => void
}) {
  const { organizationId, subscription, onClose } = props
  const { plan, period, timeZone, state, version: expectedVersion, scheduled } = subscription
  const now = state === 'suspended' || state === 'incomplete'
  const queryClient = useQueryClient()
  const landing = plan.fallback ?? 'free'
  const wish = { plan: landing, seats: null, trial: false }
  // What it lands on may be a plan that nobody can choose: then what stops is said in general.
  const { data: quote } = useQuery(previewQuery(organizationId, expectedVersion, wish))
  const cancel = useMutation({
    mutationFn: () =>
      call(api.subscriptions.cancel, {
        params: { organizationId },
        body: { at: now ? 'now' : 'period-end', expectedVersion },
      }),
    onSuccess: (changed) => {
      queryClient.setQueryData(subscriptionQuery(organizationId).queryKey, changed)
      onClose()
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['billing', organizationId] }),
  })
  return (
    <Dialog open onClose={onClose} title={`Cancel ${plan.name}?`}>
      <DialogBody>
        <p className="text-ink-2">
          {now
            ? 'It ends now.'
            : `Until ${dayOf(period.end, timeZone)} everything stays as it is; then it ends. Until then you can take it back.`}{' '}
          The organization goes on with the plan <b className="font-semibold">{landing}</b>. Nothing is
          deleted; what is more than that plan grants is stopped, the newest servers first.
          {scheduled && ` The change to ${scheduled.plan.name} that is scheduled does not take place.`}
        </p>
        {quote && <OverLimits subscription={quote} />}
        {cancel.error && <ErrorPanel {...factsOf(cancel.error)} />}
      </DialogBody>
      <DialogFooter>
        <Button onClick={onClose}>Keep {plan.name}</Button>
        <Button look="danger" pending={cancel.isPending && 'Canceling…'} onClick={() => cancel.mutate()}>
          Cancel {plan.name}
        </Button>
      </DialogFooter>
    </Dialog>
  )
}
