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
export function useSteady<T extends { id: string }>(items: readonly T[]): Steady<T> {
  const [firstId, setFirstId] = useState<string | null>(null)
  const held = firstId === null ? -1 : items.findIndex(({ id }) => id === firstId)
  const waiting = Math.max(0, held)
  return {
    shown: waiting > 0 ? items.slice(waiting) : items,
    waiting,
    release: () => setFirstId(items[0]?.id ?? null),
    hold: {
      onPointerEnter: () => setFirstId(items[0]?.id ?? null),
      onPointerLeave: () => setFirstId(null),
    },
  }
}
