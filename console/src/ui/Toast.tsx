import { toast, Toaster } from 'sonner'
import type { ErrorFacts } from './ErrorPanel.tsx'

/** Says that something was done. */
export function sayDone(sentence: string): void {
  toast.success(sentence)
}

/** Says what was refused, with the code and the request to quote. */
export function sayFailed(title: string, { sentence, code, requestId }: ErrorFacts): void {
  toast.error(title, {
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

/** Where toasts appear; once, at the root. */
export function Toasts({ theme }: { theme: 'light' | 'dark' }) {
  return (
    <Toaster
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
