import { Dialog as Base } from '@base-ui/react/dialog'
import { X } from 'lucide-react'
import type { ReactNode } from 'react'
import { cx } from './cx.ts'

export interface DialogProps {
  open: boolean
  onClose: () => void
  title: string
  description?: ReactNode
  width?: keyof typeof widths
  children: ReactNode
}

const widths = { narrow: 'max-w-[440px]', wide: 'max-w-[640px]', widest: 'max-w-[960px]' }

/** A window above the page: traps the focus, closes on Escape, gives the focus back. */
export function Dialog({ open, onClose, title, description, width = 'narrow', children }: DialogProps) {
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()} disablePointerDismissal>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 bg-shade" />
        <Base.Popup
          className={cx(
            'fixed top-[min(10vh,96px)] left-1/2 z-40 flex max-h-[calc(100dvh-min(10vh,96px)-16px)] w-[calc(100vw-24px)] -translate-x-1/2 flex-col rounded-lg border border-line bg-panel shadow-float outline-none',
            widths[width],
          )}
        >
          <header className="px-5 pt-4 pb-3">
            <div className="pr-8">
              <Base.Title render={<h2 />}>{title}</Base.Title>
              {description && (
                <Base.Description className="text-sm text-ink-2">{description}</Base.Description>
              )}
            </div>
          </header>
          {children}
          {/* Last, so that the focus starts at the dialog's own first control. */}
          <Base.Close
            aria-label="Close"
            className="absolute top-3 right-3 inline-flex size-7 items-center justify-center rounded-md text-ink-3 hover:bg-idle-bg hover:text-ink"
          >
            <X aria-hidden className="size-4" />
          </Base.Close>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
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
