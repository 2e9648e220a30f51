import { ChevronsUpDown } from 'lucide-react'
import type { ReactNode } from 'react'
import { cx } from './cx.ts'

export interface Option<V extends string> {
  value: V
  label: string
  /** A second, quieter line. */
  hint?: string
}

export interface SelectProps<V extends string> {
  options: readonly Option<V>[]
  value: V | null
  onChange: (value: V) => void
  placeholder?: string
  /** Its name where no Field gives one. */
  label?: string
  /** Shown before the value, e.g. the name of a filter. */
  prefix?: ReactNode
  compact?: boolean
}

/** What a choice shows while it is closed: the properties of its button. */
export function faceOf<V extends string>(props: SelectProps<V>) {
  const { options, value, label, prefix, compact, placeholder = 'Choose…' } = props
  const chosen = options.find((option) => option.value === value)
  return {
    'aria-label': label && chosen ? `${label}: ${chosen.label}` : label,
    className: cx(
      'flex items-center justify-between gap-1.5 rounded-md border bg-panel text-left text-ink select-none disabled:bg-idle-bg data-[invalid]:border-bad',
      compact ? 'h-[26px] border-line px-2 text-xs' : 'h-[32px] w-full border-line-strong px-2.5 text-sm',
    ),
    children: (
      <>
        <span className="flex min-w-0 items-center gap-1.5">
          {prefix && <span className="text-ink-2">{prefix}</span>}
          <span className={cx('truncate', compact && 'font-semibold', !chosen && 'text-ink-3')}>
            {chosen?.label ?? placeholder}
          </span>
        </span>
        <ChevronsUpDown aria-hidden className="size-3 shrink-0 text-ink-3" />
      </>
    ),
  }
}
