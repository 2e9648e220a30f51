import {
  cloneElement,
  type ComponentProps,
  lazy,
  type ReactElement,
  type ReactNode,
  Suspense,
  useRef,
  useState,
} from 'react'

const load = () => import('./MenuPopup.tsx')
const MenuPopup = lazy(async () => ({ default: (await load()).MenuPopup }))

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

/** A button that opens a list of things to do. What shows the list is loaded as the pointer or the focus comes near. */
export function Menu({
  trigger,
  groups,
  align = 'start',
}: {
  trigger: ReactElement<ComponentProps<'button'>>
  groups: MenuGroup[]
  align?: 'start' | 'end'
}) {
  const [open, setOpen] = useState(false)
  const anchor = useRef<HTMLButtonElement>(null)
  return (
    <>
      {cloneElement(trigger, {
        ref: anchor,
        'aria-haspopup': 'menu',
        'aria-expanded': open,
        onPointerEnter: () => void load(),
        onFocus: () => void load(),
        onClick: () => setOpen(!open),
        onKeyDown: (event) => {
          if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
          event.preventDefault()
          setOpen(true)
        },
      })}
      {open && (
        <Suspense>
          <MenuPopup anchor={anchor} groups={groups} align={align} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  )
}
