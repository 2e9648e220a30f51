import { api } from '@berth/contracts'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call, factsOf, fieldFaultsOf } from '../../api/client.ts'
import { useOrganization } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter, DialogForm } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'

/** Says what closing the organization ends and keeps, and closes it once its short name was typed. */
export function CloseOrganization({ onClose }: { onClose: () => void }) {
  const organization = useOrganization()
  const queryClient = useQueryClient()
  const [confirm, setConfirm] = useState('')
  const [reason, setReason] = useState('')
  const params = { organizationId: organization.id }
  const preview = useQuery({
    queryKey: ['organization', organization.id, 'closing'],
    queryFn: ({ signal }) => call(api.departure.preview, { params }, { signal }),
  })
  const close = useMutation({
    mutationFn: () =>
      call(api.departure.close, { params, body: { confirm: confirm.trim(), reason: reason.trim() } }),
    onSuccess: async () => {
      await queryClient.invalidateQueries()
      onClose()
    },
  })
  const faults = fieldFaultsOf(close.error)
  const slug = preview.data?.slug
  return (
    <Dialog open onClose={onClose} width="wide" title={`Close ${organization.name} for good?`}>
      <DialogForm onSubmit={() => close.mutate()}>
        <DialogBody>
          {preview.isPending && <Skeleton className="h-32 w-full" />}
          {preview.isError && (
            <ErrorPanel {...factsOf(preview.error)} onRetry={() => void preview.refetch()} />
          )}
          {preview.data && (
            <>
              <Sentences title="What follows at once" sentences={preview.data.consequences} />
              <Sentences title="What is kept" sentences={preview.data.kept} />
              <Field label="Why" optional error={faults.reason} hint="It is shown to the owners.">
                <Input
                  autoComplete="off"
                  maxLength={500}
                  value={reason}
                  onChange={(event) => setReason(event.target.value)}
                />
              </Field>
              <Field label={`Type ${slug} to confirm`} error={faults.confirm}>
                <Input
                  autoComplete="off"
                  spellCheck={false}
                  className="font-mono"
                  value={confirm}
                  onChange={(event) => setConfirm(event.target.value)}
                />
              </Field>
            </>
          )}
          {close.error && <ErrorPanel {...factsOf(close.error)} />}
        </DialogBody>
        <DialogFooter>
          <Button onClick={onClose}>Keep it open</Button>
          <Button
            type="submit"
            look="danger"
            whyNot={slug && confirm.trim() === slug ? null : `Type ${slug ?? 'its short name'} first.`}
            pending={close.isPending && 'Closing…'}
          >
            Close {organization.name}
          </Button>
        </DialogFooter>
      </DialogForm>
    </Dialog>
  )
}

function Sentences({ title, sentences }: { title: string; sentences: readonly string[] }) {
  return (
    <section>
      <h3 className="mb-1 text-xs font-[550]">{title}</h3>
      <ul className="flex list-disc flex-col gap-1 pl-4 text-ink-2">
        {sentences.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </section>
  )
}
