import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from 'react'

/** Less than the time after which a table that scrolled is drawn once more. */
const restMs = 100

/** The element that an element scrolls in, and how far below its beginning the element begins; px. */
export function useScrollParent(element: RefObject<HTMLElement | null>): {
  parent: RefObject<HTMLElement | null>
  margin: number
} {
  const parent = useRef<HTMLElement | null>(null)
  const [margin, setMargin] = useState(0)
  const scrolledAt = useRef(-Infinity)
  useEffect(() => {
    const scroller = parent.current
    const note = () => (scrolledAt.current = performance.now())
    scroller?.addEventListener('scroll', note, { passive: true, capture: true })
    return () => scroller?.removeEventListener('scroll', note, { capture: true })
  }, [])
  // After every render: whatever stands above may have grown or gone. The same margin again changes nothing.
  // oxlint-disable-next-line react-hooks/exhaustive-deps
  useLayoutEffect(() => {
    // Asking for places makes the browser lay out at once; while it scrolls there is no time for that.
    if (!element.current || performance.now() - scrolledAt.current < restMs) return
    parent.current ??= scrollParentOf(element.current)
    const { top } = element.current.getBoundingClientRect()
    setMargin(Math.round(top - parent.current.getBoundingClientRect().top + parent.current.scrollTop))
  })
  return { parent, margin }
}

function scrollParentOf(element: HTMLElement): HTMLElement {
  for (let at = element.parentElement; at; at = at.parentElement)
    if (/auto|scroll/.test(getComputedStyle(at).overflowY)) return at
  return document.documentElement
}
