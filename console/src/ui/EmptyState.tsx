import type { ReactNode } from 'react'

/** What this place is, why it is empty, and the one thing to do about it. */
export function EmptyState({
  title,
  children,
  action,
  icon,
}: {
  title: string
  children: ReactNode
  action?: ReactNode
  icon?: ReactNode
}) {
  return (
    <div className="flex flex-col items-center gap-2 rounded-lg border border-dashed border-line-strong px-6 py-12 text-center">
      {icon && <span className="text-ink-3">{icon}</span>}
      <h2>{title}</h2>
      <div className="max-w-[52ch] text-balance text-ink-2">{children}</div>
      {action && <div className="mt-2">{action}</div>}
    </div>
  )
}
