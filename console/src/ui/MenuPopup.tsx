import { Menu as Base } from '@base-ui/react/menu'
import { Check } from 'lucide-react'
import type { RefObject } from 'react'
import type { MenuGroup } from './Menu.tsx'

/** The open list of a menu; loaded when a menu is first opened. */
export function MenuPopup({
  anchor,
  groups,
  align,
  onClose,
}: {
  anchor: RefObject<HTMLElement | null>
  groups: MenuGroup[]
  align: 'start' | 'end'
  onClose: () => void
}) {
  return (
    <Base.Root
      open
      onOpenChange={(open, { event }) => {
        // A press on the button that opened it is the button's own.
        if (!open && !anchor.current?.contains(event.target as Node)) onClose()
      }}
    >
      <Base.Portal>
        <Base.Positioner anchor={anchor} sideOffset={4} align={align} className="z-50">
          <Base.Popup
            finalFocus={anchor}
            className="max-h-[min(420px,var(--available-height))] min-w-52 overflow-y-auto rounded-lg border border-line bg-raised p-1 shadow-float outline-none"
          >
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
