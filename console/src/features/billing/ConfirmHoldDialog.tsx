import { api, type QuotaHold } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call, factsOf } from '../../api/client.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter, DialogForm } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { sayDone } from '../../ui/Toast.tsx'
import { heldOf, titleOf } from './words.ts'

/** Asks what was used of a hold, all of it unless something else is said. */
export function ConfirmHoldDialog(props: { organizationId: string; hold: QuotaHold; onClose: () => void }) {
  const { organizationId, hold, onClose } = props
  const [typed, setTyped] = useState(new Map(hold.items.map(({ key, quantity }) => [key, String(quantity)])))
  const queryClient = useQueryClient()
  const wished = hold.items.map(({ key, quantity: held }) => {
    const text = typed.get(key)!.trim()
    const quantity = /^\d{1,16}$/.test(text) ? Number(text) : NaN
    const fault = quantity <= held ? undefined : `A whole number from 0 to ${held.toLocaleString('en')}.`
    return { key, held, quantity, fault }
  })
  const faulty = wished.some(({ fault }) => fault)
  const items = wished.flatMap(({ key, quantity }) => (quantity > 0 ? [{ key, quantity }] : []))
  const confirm = useMutation({
    mutationFn: () =>
      call(api.holds.confirm, { params: { organizationId, holdId: hold.id }, body: { items } }),
    onSuccess: (confirmed) => {
      sayDone(`${heldOf(confirmed)} counted as used.`)
      onClose()
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['billing', organizationId] }),
  })
  const notYet = faulty
    ? 'Say how much was used.'
    : items.length === 0
      ? 'Nothing was used: release it instead.'
      : null
  return (
    <Dialog open onClose={onClose} title={`Confirm ${heldOf(hold)}`}>
      <DialogForm onSubmit={() => notYet ?? confirm.mutate()}>
        <DialogBody>
          <p className="text-ink-2">
            What was used counts for good; the rest goes back to where it came from.
          </p>
          {wished.map(({ key, held, fault }) => (
            <Field
              key={key}
              label={`${titleOf(key)} that were used`}
              error={fault}
              hint={`Of ${held.toLocaleString('en')} that are held.`}
            >
              <Input
                inputMode="numeric"
                autoComplete="off"
                className="!w-32"
                value={typed.get(key)}
                onChange={(event) => setTyped(new Map(typed).set(key, event.target.value))}
              />
            </Field>
          ))}
          {confirm.error && <ErrorPanel {...factsOf(confirm.error)} />}
        </DialogBody>
        <DialogFooter>
          <Button onClick={onClose}>Keep it held</Button>
          <Button type="submit" look="primary" whyNot={notYet} pending={confirm.isPending && 'Confirming…'}>
            Confirm
          </Button>
        </DialogFooter>
      </DialogForm>
    </Dialog>
  )
}
