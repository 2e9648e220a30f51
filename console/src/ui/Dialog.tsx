import { type FormEvent, lazy, type ReactNode, Suspense } from 'react'

const DialogWindow = lazy(async () => ({ default: (await import('./DialogWindow.tsx')).DialogWindow }))

export interface DialogProps {
  open: boolean
  onClose: () => void
  title: string
  description?: ReactNode
  width?: 'narrow' | 'wide' | 'widest'
  children: ReactNode
}

/** A window above the page: traps the focus, closes on Escape, gives the focus back. */
export function Dialog(props: DialogProps) {
  if (!props.open) return null
  return (
    <Suspense>
      <DialogWindow {...props} />
    </Suspense>
  )
}

/** A dialog that is filled in and sent. What is wrong is said at its fields, not by the browser. */
export function DialogForm(props: { onSubmit: (event: FormEvent) => unknown; children: ReactNode }) {
  return (
    <form
      noValidate
      className="flex min-h-0 flex-col"
      onSubmit={(event) => {
        event.preventDefault()
        void props.onSubmit(event)
      }}
    >
      {props.children}
    </form>
  )
}

/** The part of a dialog that scrolls. */
export function DialogBody({ children }: { children: ReactNode }) {
  return <div className="flex min-h-0 flex-col gap-3.5 overflow-y-auto px-5 pt-0.5 pb-4">{children}</div>
}

/** The row of a dialog's buttons; the deed stands last. */
export function DialogFooter({ children }: { children: ReactNode }) {
  return <footer className="flex justify-end gap-2 border-t border-line px-5 py-3">{children}</footer>
}
