import { useEffect } from 'react'
import { toast, Toaster as Base } from 'sonner'
import { Copyable } from './Id.tsx'
import type { Said } from './Toast.tsx'

function show(said: Said): void {
  if (said.kind === 'done') {
    toast.success(said.sentence)
    return
  }
  const { sentence, code, requestId } = said.facts
  toast.error(said.title, {
    description: (
      <>
        {sentence}
        <span className="mt-0.5 flex flex-wrap items-center gap-x-2 font-mono text-2xs">
          {code && <span>{code}</span>}
          {requestId && <Copyable text={requestId} what="request id" wrap />}
        </span>
      </>
    ),
    duration: 12_000,
    closeButton: true,
    ...(said.onRetry ? { action: { label: 'Try again', onClick: said.onRetry } } : {}),
  })
}

/** The place where toasts stand; hands over the way to show one as soon as it is there. */
export function Toaster({
  theme,
  onReady,
}: {
  theme: 'light' | 'dark'
  onReady: (way: typeof show) => void
}) {
  useEffect(() => onReady(show), [onReady])
  return (
    <Base
      theme={theme}
      position="bottom-right"
      toastOptions={{
        style: {
          background: 'var(--raised)',
          color: 'var(--ink)',
          borderColor: 'var(--line)',
          font: '13px/20px var(--sans)',
          boxShadow: 'var(--shadow)',
        },
        classNames: {
          description: '!text-ink-2',
          actionButton:
            '!h-7 !rounded-md !border !border-solid !border-line !bg-panel !px-2.5 !text-xs !font-[550] !text-ink hover:!border-line-strong',
        },
      }}
    />
  )
}
