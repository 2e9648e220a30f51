import { Tabs as Base } from '@base-ui/react/tabs'
import { type ReactNode, useEffect, useRef } from 'react'

export interface Tab<V extends string> {
  value: V
  label: string
  /** A number or mark beside its name. */
  mark?: ReactNode
}

export interface TabsProps<V extends string> {
  /** What the tabs are of, for those who hear the page. */
  label: string
  tabs: readonly Tab<V>[]
  value: V
  onChange: (value: V) => void
  children: ReactNode
}

/** So much of the tabs beside the one on view is shown, where there are more; px. */
const beside = 32

/** Parts of one page, one at a time; arrows move between them. */
export function Tabs<V extends string>({ label, tabs, value, onChange, children }: TabsProps<V>) {
  const list = useRef<HTMLDivElement>(null)
  const at = tabs.findIndex((tab) => tab.value === value)
  useEffect(() => {
    // Where they do not all fit, the one on view must; and only the row of tabs moves for it, never the page.
    const row = list.current!
    const observer = new ResizeObserver(() => {
      const tab = row.children[at] as HTMLElement | undefined
      if (!tab) return
      const most = tab.offsetLeft - beside
      const least = tab.offsetLeft + tab.offsetWidth + beside - row.clientWidth
      row.scrollLeft = Math.min(most, Math.max(least, row.scrollLeft))
    })
    observer.observe(row)
    return () => observer.disconnect()
  }, [at])
  return (
    <Base.Root value={value} onValueChange={(next) => onChange(next as V)}>
      <Base.List
        ref={list}
        aria-label={label}
        className="relative mb-3 flex gap-0.5 overflow-x-auto border-b border-line [scrollbar-width:none]"
      >
        {tabs.map((tab) => (
          <Base.Tab
            key={tab.value}
            value={tab.value}
            className="-mb-px flex h-8 shrink-0 items-center gap-1.5 rounded-t-md border-b-2 border-transparent px-2.5 text-ink-2 outline-offset-[-2px] hover:text-ink aria-selected:border-accent aria-selected:font-semibold aria-selected:text-ink"
          >
            {tab.label}
            {tab.mark}
          </Base.Tab>
        ))}
      </Base.List>
      <Base.Panel value={value} className="outline-offset-4">
        {children}
      </Base.Panel>
    </Base.Root>
  )
}
