import { useEffect } from 'react'
import { toast, Toaster as Base } from 'sonner'
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
        <span className="mt-0.5 block font-mono text-2xs break-all">
          {[code, requestId].filter(Boolean).join(' · ')}
        </span>
      </>
    ),
    duration: 12_000,
    closeButton: true,
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
        classNames: { description: '!text-ink-2' },
      }}
    />
  )
}
