import { Dialog as Base } from '@base-ui/react/dialog'
import { X } from 'lucide-react'
import type { ReactNode } from 'react'

/** A panel that comes in from the left over the page: traps the focus, closes on Escape and beside it. */
export function Sheet({
  title,
  onClose,
  children,
}: {
  title: string
  onClose: () => void
  children: ReactNode
}) {
  return (
    <Base.Root open onOpenChange={(next) => !next && onClose()}>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 bg-shade" />
        <Base.Popup className="fixed inset-y-0 left-0 z-40 flex w-[min(300px,calc(100vw-48px))] flex-col overflow-y-auto border-r border-line bg-panel pb-4 shadow-float outline-none">
          <header className="flex h-12 shrink-0 items-center justify-between border-b border-line pr-2 pl-4">
            <Base.Title render={<h2 />}>{title}</Base.Title>
            <Base.Close
              aria-label="Close"
              className="inline-flex size-8 items-center justify-center rounded-md text-ink-3 hover:bg-idle-bg hover:text-ink"
            >
              <X aria-hidden className="size-4" />
            </Base.Close>
          </header>
          {children}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  )
}
