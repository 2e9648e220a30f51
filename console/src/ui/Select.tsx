import { Select as Base } from '@base-ui/react/select'
import { Check, ChevronsUpDown } from 'lucide-react'
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
  /** Whether it begins open. */
  defaultOpen?: boolean
}

/** One choice of several. */
export function Select<V extends string>(props: SelectProps<V>) {
  const {
    options,
    value,
    onChange,
    placeholder = 'Choose…',
    label,
    prefix,
    compact,
    defaultOpen = false,
  } = props
  const chosen = options.find((option) => option.value === value)
  return (
    <Base.Root
      items={options}
      value={value}
      defaultOpen={defaultOpen}
      onValueChange={(next) => next !== null && onChange(next)}
    >
      <Base.Trigger
        aria-label={label && chosen ? `${label}: ${chosen.label}` : label}
        className={cx(
          'flex items-center justify-between gap-1.5 rounded-md border bg-panel text-left text-ink select-none data-[invalid]:border-bad',
          compact ? 'h-[26px] border-line px-2 text-xs' : 'h-[32px] w-full border-line-strong px-2.5 text-sm',
        )}
      >
        <span className="flex min-w-0 items-center gap-1.5">
          {prefix && <span className="text-ink-2">{prefix}</span>}
          <span className={cx('truncate', compact && 'font-semibold', !chosen && 'text-ink-3')}>
            {chosen?.label ?? placeholder}
          </span>
        </span>
        <ChevronsUpDown aria-hidden className="size-3 shrink-0 text-ink-3" />
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner sideOffset={4} alignItemWithTrigger={false} className="z-50">
          <Base.Popup className="max-h-[min(320px,var(--available-height))] max-w-[min(420px,var(--available-width))] min-w-(--anchor-width) overflow-y-auto rounded-lg border border-line bg-raised p-1 shadow-float outline-none">
            {options.map((option) => (
              <Base.Item
                key={option.value}
                value={option.value}
                className="grid cursor-pointer grid-cols-[16px_1fr] items-start gap-1 rounded-sm py-1 pr-2 pl-1 text-sm outline-none data-highlighted:bg-accent-bg"
              >
                <Base.ItemIndicator className="mt-[3px] text-accent">
                  <Check className="size-3.5" />
                </Base.ItemIndicator>
                <span className="col-start-2 min-w-0">
                  <Base.ItemText>{option.label}</Base.ItemText>
                  {option.hint && <span className="block text-xs text-ink-3">{option.hint}</span>}
                </span>
              </Base.Item>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}
