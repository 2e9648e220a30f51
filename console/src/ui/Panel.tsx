import type { ReactNode } from 'react'
import { cx } from './cx.ts'

/** A framed part of a page, with its name and what can be done in it. */
export function Panel(props: {
  title: string
  note?: ReactNode
  actions?: ReactNode
  tone?: 'bad'
  flush?: boolean
  children: ReactNode
}) {
  const { title, note, actions, tone, flush, children } = props
  const isBusy = Boolean(note && actions)
  return (
    <section
      aria-label={title}
      className={cx(
        'mb-3.5 overflow-clip rounded-lg border bg-panel',
        tone === 'bad' ? 'border-bad' : 'border-line',
      )}
    >
      <header className="flex min-h-9 flex-wrap items-center gap-x-2.5 gap-y-1 border-b border-line bg-[color-mix(in_srgb,var(--panel)_60%,var(--bg))] px-3 py-1">
        <h2 className="!text-sm !font-semibold">{title}</h2>
        {/* Where there is little room, what can be done stands beside the title, and the note below both. */}
        <span
          className={cx(
            'min-w-0 text-xs text-ink-3',
            // A note that does not fit beside the title stands below it.
            isBusy ? 'flex-1 max-sm:order-last max-sm:basis-full' : 'flex-auto',
          )}
        >
          {note}
        </span>
        {isBusy && <span className="flex-1 sm:hidden" />}
        {actions}
      </header>
      <div className={flush ? '' : 'px-3 py-2.5'}>{children}</div>
    </section>
  )
}

/** Grey bars in the shape of a table that is on its way. */
export function RowsSkeleton({ label, rows = 5 }: { label: string; rows?: number }) {
  return (
    <div aria-busy="true" aria-label={label} role="status">
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="flex h-9 items-center gap-8 border-b border-line-soft px-3 last:border-0">
          <span aria-hidden className="block h-3 w-[18%] animate-pulse rounded-sm bg-idle-bg" />
          <span aria-hidden className="block h-3 w-[10%] animate-pulse rounded-sm bg-idle-bg" />
          <span aria-hidden className="block h-3 w-[28%] animate-pulse rounded-sm bg-idle-bg" />
        </div>
      ))}
    </div>
  )
}
