import { useState } from 'react'

export interface Steady<T> {
  shown: readonly T[]
  /** How many newer ones wait above. */
  waiting: number
  release: () => void
  /** For the element that holds the rows. */
  hold: { onPointerEnter: () => void; onPointerLeave: () => void }
}

/** Keeps rows where they are while the pointer is over them: newer ones wait until it leaves, or until they are asked for. */
export function useSteady<T>(items: readonly T[], nameOf: (item: T) => string | number): Steady<T> {
  const [firstId, setFirstId] = useState<string | number | null>(null)
  const held = firstId === null ? -1 : items.findIndex((item) => nameOf(item) === firstId)
  const hold = () => setFirstId(items[0] === undefined ? null : nameOf(items[0]))
  const waiting = Math.max(0, held)
  return {
    shown: waiting > 0 ? items.slice(waiting) : items,
    waiting,
    release: hold,
    hold: {
      onPointerEnter: hold,
      onPointerLeave: () => setFirstId(null),
    },
  }
}
