import { api, type Subscription } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call, factsOf } from '../../api/client.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { subscriptionQuery } from './queries.ts'
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
          The organization goes on with the plan <b className="font-semibold">{plan.fallback ?? 'free'}</b>.
          Nothing is deleted; what is more than that plan grants is stopped, the newest servers first.
          {scheduled && ` The change to ${scheduled.plan.name} that is scheduled does not take place.`}
        </p>
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
