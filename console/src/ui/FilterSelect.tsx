import { ChevronsUpDown } from 'lucide-react'
import { lazy, Suspense, useId, useState } from 'react'
import type { SelectProps } from './Select.tsx'

const load = () => import('./Select.tsx')
const Select = lazy(async () => ({ default: (await load()).Select }))

/** A compact choice above a list. It looks as it will, and becomes one when it is first opened. */
export function FilterSelect<V extends string>(props: SelectProps<V> & { label: string }) {
  const [wanted, setWanted] = useState(false)
  const face = <Face {...props} onNear={() => void load()} onOpen={() => setWanted(true)} />
  if (!wanted) return face
  return (
    <Suspense fallback={face}>
      {/* What is chosen is one of the options, whose values are of the type that is told. */}
      <Select {...(props as unknown as SelectProps<string>)} compact defaultOpen />
    </Suspense>
  )
}

function Face<V extends string>(
  props: SelectProps<V> & { label: string; onNear: () => void; onOpen: () => void },
) {
  const { options, value, label, prefix, placeholder, onNear, onOpen } = props
  const list = useId()
  const chosen = options.find((option) => option.value === value)
  return (
    <button
      type="button"
      role="combobox"
      aria-haspopup="listbox"
      aria-expanded={false}
      aria-controls={list}
      aria-label={chosen ? `${label}: ${chosen.label}` : label}
      onPointerEnter={onNear}
      onFocus={onNear}
      onClick={onOpen}
      onKeyDown={(event) => {
        if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
        event.preventDefault()
        onOpen()
      }}
      className="flex h-[26px] items-center justify-between gap-1.5 rounded-md border border-line bg-panel px-2 text-left text-xs text-ink select-none"
    >
      <span className="flex min-w-0 items-center gap-1.5">
        {prefix && <span className="text-ink-2">{prefix}</span>}
        <span className="truncate font-semibold">{chosen?.label ?? placeholder}</span>
      </span>
      <ChevronsUpDown aria-hidden className="size-3 shrink-0 text-ink-3" />
    </button>
  )
}
