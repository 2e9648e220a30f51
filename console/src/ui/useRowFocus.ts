import { type FocusEvent, type RefObject, useLayoutEffect, useRef, useState } from 'react'

/** Which row of a table has the focus, or gets it by the Tab key; kept when rows come, go and scroll away. */
export function useRowFocus(
  table: RefObject<HTMLElement | null>,
  /** Where each row stands, by id. */
  places: ReadonlyMap<string, number>,
  selected: string | undefined,
) {
  const [active, setActive] = useState<string | null>(null)
  const within = useRef(false)
  const wanted = useRef<string | null>(null)
  const last = useRef(0)
  const id = active !== null && places.has(active) ? active : (selected ?? null)
  const at = id === null ? null : (places.get(id) ?? null)

  useLayoutEffect(() => {
    if (at !== null) last.current = at
    // The focused row is gone: the focus would fall to the top of the page, so the next row takes it.
    const lost = within.current && document.activeElement === document.body
    const next = wanted.current ?? (lost ? idNear(places, last.current) : null)
    if (next === null) return
    wanted.current = null
    const row = table.current?.querySelector<HTMLElement>(`tr[data-row="${CSS.escape(next)}"]`)
    if (row) row.focus({ preventScroll: true })
    else if (lost) within.current = false
  })

  return {
    /** The place of the row that the Tab key reaches; null: the first one. */
    at,
    /** Gives the focus to a row once it stands in the page. */
    move(to: string) {
      wanted.current = to
      setActive(to)
    },
    listeners: {
      onFocus(event: FocusEvent) {
        within.current = true
        const row = (event.target as HTMLElement).closest<HTMLElement>('tr[data-row]')
        if (row) setActive(row.dataset.row!)
      },
      onBlur(event: FocusEvent) {
        if (event.relatedTarget && !table.current?.contains(event.relatedTarget)) within.current = false
        // A row that was removed loses the focus to nothing; so does a window that was left, which keeps it.
        else if (!event.relatedTarget && (event.target as HTMLElement).isConnected && document.hasFocus())
          within.current = false
      },
    },
  }
}

function idNear(places: ReadonlyMap<string, number>, at: number): string | null {
  const ids = [...places.keys()]
  const rows = (id: string | undefined) => id !== undefined && !/^(head|none|detail|more)\b/.test(id)
  return ids.slice(at).find(rows) ?? ids.slice(0, at).findLast(rows) ?? null
}
