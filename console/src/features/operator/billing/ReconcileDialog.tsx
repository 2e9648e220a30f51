import { api, type Drift } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call, factsOf } from '../../../api/client.ts'
import { Button } from '../../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter } from '../../../ui/Dialog.tsx'
import { ErrorPanel } from '../../../ui/ErrorPanel.tsx'
import { Field, Input } from '../../../ui/Field.tsx'
import { StatusMark } from '../../../ui/StatusMark.tsx'

/** Compares organizations with the payment provider, only to look at first or to repair, and says what came of it. */
export function ReconcileDialog({ onClose }: { onClose: () => void }) {
  const [organization, setOrganization] = useState('')
  const organizationId = organization.trim() || undefined
  const queryClient = useQueryClient()
  const compare = useMutation({
    mutationFn: (dryRun: boolean) => call(api.payments.reconcile, { body: { organizationId, dryRun } }),
    onSettled: (_answer, _error, dryRun) =>
      dryRun ? undefined : queryClient.invalidateQueries({ queryKey: ['operator', 'billing'] }),
  })
  const { data, variables: dryRun = false, isPending, error } = compare
  return (
    <Dialog open onClose={onClose} title="Compare with the payment provider" width="wide">
      <DialogBody>
        <p className="text-ink-2">
          Invoices, payments and customers here and there are compared. What is missing there is made, what
          was paid there is taken over here; what else differs is listed. “Look only” changes nothing.
        </p>
        <Field
          label="Organization"
          optional
          hint="Its id or short name. Empty: all that pay through a provider."
        >
          <Input
            autoComplete="off"
            value={organization}
            onChange={(event) => setOrganization(event.target.value)}
          />
        </Field>
        {error && <ErrorPanel {...factsOf(error)} />}
        <div role="status">{data && !isPending && <Outcome {...data} dryRun={dryRun} />}</div>
      </DialogBody>
      <DialogFooter>
        <Button onClick={onClose}>Close</Button>
        <Button pending={isPending && dryRun && 'Comparing…'} onClick={() => compare.mutate(true)}>
          Look only
        </Button>
        <Button
          look="primary"
          pending={isPending && !dryRun && 'Reconciling…'}
          onClick={() => compare.mutate(false)}
        >
          Reconcile now
        </Button>
      </DialogFooter>
    </Dialog>
  )
}

function Outcome({ checked, items, dryRun }: { checked: number; items: Drift[]; dryRun: boolean }) {
  if (checked === 0)
    return <p>No organization pays through a payment provider, so there is nothing to compare.</p>
  const organizations = checked === 1 ? '1 organization' : `${checked.toLocaleString('en')} organizations`
  return (
    <>
      <p className="mb-1.5">
        Compared {organizations}: {items.length === 0 ? 'both sides agree.' : `${items.length} differed.`}
      </p>
      <ul className="flex flex-col gap-1">
        {items.map(({ provider, identity, what, repaired }) => (
          <li
            key={`${provider} ${identity}`}
            className="flex items-start gap-2 border-t border-line-soft pt-1"
          >
            <span className="min-w-0 flex-1 break-words">{what}</span>
            {repaired ? (
              <StatusMark tone="good" shape="check" word={dryRun ? 'would be repaired' : 'repaired'} />
            ) : (
              <StatusMark tone="wait" shape="warning" word="takes a person" />
            )}
          </li>
        ))}
      </ul>
    </>
  )
}
