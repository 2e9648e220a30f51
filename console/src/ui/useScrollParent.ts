import { type RefObject, useLayoutEffect, useRef, useState } from 'react'

/** The element that an element scrolls in, and how far below its beginning the element begins; px. */
export function useScrollParent(element: RefObject<HTMLElement | null>): {
  parent: RefObject<HTMLElement | null>
  margin: number
} {
  const parent = useRef<HTMLElement | null>(null)
  const [margin, setMargin] = useState(0)
  // After every render: whatever stands above may have grown or gone. The same margin again changes nothing.
  // oxlint-disable-next-line react-hooks/exhaustive-deps
  useLayoutEffect(() => {
    if (!element.current) return
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
