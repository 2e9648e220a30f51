import type { ReactNode } from 'react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { factsOf } from '../../../api/client.ts'
import { Button } from '../../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter, DialogForm } from '../../../ui/Dialog.tsx'
import { ErrorPanel } from '../../../ui/ErrorPanel.tsx'
import { sayDone } from '../../../ui/Toast.tsx'

/** Asks for what a deed needs, names its object and what follows, and does it. */
export function DeedDialog(props: {
  title: string
  /** What follows. */
  text: string
  deed: string
  /** What leaves it undone is called; absent: as for something that is there. */
  keep?: string
  doing: string
  danger?: boolean
  /** Why it cannot be done as it is filled in. */
  whyNot?: string | null
  run: () => Promise<unknown>
  /** Said when it is done. */
  done: string
  onClose: () => void
  children?: ReactNode
}) {
  const {
    title,
    text,
    deed,
    keep = 'Leave it as it is',
    doing,
    danger,
    whyNot,
    run,
    done,
    onClose,
    children,
  } = props
  const queryClient = useQueryClient()
  const act = useMutation({
    mutationFn: run,
    onSuccess: () => {
      sayDone(done)
      onClose()
    },
    onSettled: () =>
      Promise.all(
        [['operator'], ['billing'], ['plans']].map((queryKey) => queryClient.invalidateQueries({ queryKey })),
      ),
  })
  return (
    <Dialog open onClose={onClose} title={title}>
      <DialogForm
        onSubmit={() => {
          if (!whyNot) act.mutate()
        }}
      >
        <DialogBody>
          <p className="text-ink-2">{text}</p>
          {children}
          {act.error && <ErrorPanel {...factsOf(act.error)} />}
        </DialogBody>
        <DialogFooter>
          <Button onClick={onClose}>{keep}</Button>
          <Button
            type="submit"
            look={danger ? 'danger' : 'primary'}
            whyNot={whyNot ?? null}
            pending={act.isPending && doing}
          >
            {deed}
          </Button>
        </DialogFooter>
      </DialogForm>
    </Dialog>
  )
}
