import { cloneElement, type ComponentProps, lazy, type ReactElement, Suspense, useId, useState } from 'react'

const TooltipPopup = lazy(async () => ({ default: (await import('./TooltipPopup.tsx')).TooltipPopup }))
const delayMs = 250

let timer: ReturnType<typeof setTimeout> | undefined

/** Does one thing later, in place of what was to be done: the pointer is over one thing at a time. */
function later(run: () => void, afterMs: number): void {
  clearTimeout(timer)
  timer = setTimeout(run, afterMs)
}

/** A sentence on hover or focus of the one element it wraps. */
export function Tooltip({
  text,
  children,
}: {
  text: string
  children: ReactElement<ComponentProps<'button'>>
}) {
  const [anchor, setAnchor] = useState<Element | null>(null)
  const id = useId()
  const show = (element: Element, afterMs: number) => later(() => setAnchor(element), afterMs)
  const hide = () => later(() => setAnchor(null), 0)
  const own = children.props
  return (
    <>
      {cloneElement(children, {
        'aria-describedby': anchor ? id : undefined,
        onPointerEnter: (event) => {
          own.onPointerEnter?.(event)
          if (event.pointerType !== 'touch') show(event.currentTarget, delayMs)
        },
        onPointerLeave: (event) => {
          own.onPointerLeave?.(event)
          hide()
        },
        onFocus: (event) => {
          own.onFocus?.(event)
          if (event.currentTarget.matches(':focus-visible')) show(event.currentTarget, 0)
        },
        onBlur: (event) => {
          own.onBlur?.(event)
          hide()
        },
        onKeyDown: (event) => {
          own.onKeyDown?.(event)
          if (event.key === 'Escape') hide()
        },
      })}
      {anchor && (
        <Suspense>
          <TooltipPopup anchor={anchor} id={id} text={text} />
        </Suspense>
      )}
    </>
  )
}
