import { Dialog as Base } from '@base-ui/react/dialog'
import { X } from 'lucide-react'
import { useRef } from 'react'
import { cx } from './cx.ts'
import type { DialogProps } from './Dialog.tsx'

const widths = { narrow: 'max-w-[440px]', wide: 'max-w-[640px]', widest: 'max-w-[960px]' }

/** An open dialog; loaded with the first one. */
export function DialogWindow({ onClose, title, description, width = 'narrow', children }: DialogProps) {
  const popup = useRef<HTMLDivElement>(null)
  return (
    <Base.Root open onOpenChange={(next) => !next && onClose()} disablePointerDismissal>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 bg-shade" />
        <Base.Popup
          ref={popup}
          // Under a finger the usual place: a field would bring the keyboard up at once.
          initialFocus={(how) => how === 'touch' || beginningOf(popup.current)}
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

/** Where the focus begins: at the first field; while closing is all there is, because it loads, at the dialog itself. */
function beginningOf(popup: HTMLElement | null): HTMLElement | true {
  const field = popup?.querySelector<HTMLElement>('input, textarea, [role=combobox]')
  if (field) return field
  return popup?.querySelectorAll('button, a').length === 1 ? popup : true
}
