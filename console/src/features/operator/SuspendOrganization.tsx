import { api, type OrganizationOverview } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call, factsOf, fieldFaultsOf } from '../../api/client.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter, DialogForm } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field, Input } from '../../ui/Field.tsx'

/** Asks why, and says what follows, before an organization is stopped. */
export function SuspendOrganization(props: { organization: OrganizationOverview; onClose: () => void }) {
  const { organization, onClose } = props
  const { id, name, members, running } = organization
  const queryClient = useQueryClient()
  const [reason, setReason] = useState('')
  const [fault, setFault] = useState<string>()
  const suspend = useMutation({
    mutationFn: () =>
      call(api.operator.suspendOrganization, {
        params: { organizationId: id },
        body: { reason: reason.trim() },
      }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ['operator'] })
      onClose()
    },
  })
  return (
    <Dialog open onClose={onClose} title={`Suspend ${name}?`}>
      <DialogForm
        onSubmit={() => {
          setFault(reason.trim() ? undefined : 'Its members are shown why: say it in a sentence.')
          if (reason.trim()) suspend.mutate()
        }}
      >
        <DialogBody>
          <p className="text-ink-2">
            {running === 0
              ? 'Nothing of it runs now, and nothing will be started.'
              : `${running === 1 ? 'Its running server stops' : `Its ${running} running servers stop`} and open sessions end at once.`}{' '}
            Calls and changes are refused; its {members === 1 ? 'member' : `${members} members`} can still
            read everything. When you resume it, what ran comes back by itself.
          </p>
          <Field
            label="Reason"
            error={fault ?? fieldFaultsOf(suspend.error).reason}
            hint="Its members are shown it."
          >
            <Input
              autoComplete="off"
              maxLength={500}
              value={reason}
              onChange={(event) => setReason(event.target.value)}
            />
          </Field>
          {suspend.error && <ErrorPanel {...factsOf(suspend.error)} />}
        </DialogBody>
        <DialogFooter>
          <Button onClick={onClose}>Leave it active</Button>
          <Button type="submit" look="danger" pending={suspend.isPending && 'Suspending…'}>
            Suspend {name}
          </Button>
        </DialogFooter>
      </DialogForm>
    </Dialog>
  )
}
