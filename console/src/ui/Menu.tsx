import { Menu as Base } from '@base-ui/react/menu'
import { Check } from 'lucide-react'
import type { ReactElement, ReactNode } from 'react'

export interface MenuEntry {
  label: string
  hint?: string
  icon?: ReactNode
  checked?: boolean
  run: () => void
}

export interface MenuGroup {
  title?: string
  entries: MenuEntry[]
}

/** A button that opens a list of things to do. */
export function Menu({
  trigger,
  groups,
  align = 'start',
}: {
  trigger: ReactElement
  groups: MenuGroup[]
  align?: 'start' | 'end'
}) {
  return (
    <Base.Root>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner sideOffset={4} align={align} className="z-50">
          <Base.Popup className="max-h-[min(420px,var(--available-height))] min-w-52 overflow-y-auto rounded-lg border border-line bg-raised p-1 shadow-float outline-none">
            {groups.map((group, index) => (
              <Base.Group
                key={group.title ?? index}
                className={index > 0 ? 'mt-1 border-t border-line pt-1' : ''}
              >
                {group.title && (
                  <Base.GroupLabel className="px-2 pt-1 pb-0.5 text-2xs font-semibold text-ink-3">
                    {group.title}
                  </Base.GroupLabel>
                )}
                {group.entries.map((entry) => (
                  <Base.Item
                    key={entry.label}
                    onClick={entry.run}
                    className="flex cursor-pointer items-center gap-2 rounded-sm px-2 py-1 text-sm outline-none data-highlighted:bg-accent-bg"
                  >
                    {entry.icon && <span className="text-ink-3">{entry.icon}</span>}
                    <span className="min-w-0 flex-1 truncate">{entry.label}</span>
                    {entry.hint && <span className="text-xs text-ink-3">{entry.hint}</span>}
                    {entry.checked && <Check aria-label="chosen" className="size-3.5 text-accent" />}
                  </Base.Item>
                ))}
              </Base.Group>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}
