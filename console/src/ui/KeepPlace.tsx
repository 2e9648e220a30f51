import { Component, type RefObject } from 'react'

interface KeepPlaceProps {
  /** Another object when rows came, went or moved. */
  of: unknown
  table: RefObject<HTMLElement | null>
  parent: RefObject<HTMLElement | null>
  /** Where a row of that id is now, from the top of the window; null: nowhere. */
  topOf: (id: string) => number | null
}

interface Place {
  id: string
  top: number
}

/**
 * Holds the row under the pointer where it is, or the first one in the window when the table is scrolled, whatever
 * comes or goes above it. A class, because only classes can look at the page just before it changes.
 */
export class KeepPlace extends Component<KeepPlaceProps> {
  override getSnapshotBeforeUpdate(before: KeepPlaceProps): Place | null {
    const { of, table, parent } = this.props
    if (before.of === of || !table.current || !parent.current) return null
    const hovered = table.current.querySelector<HTMLElement>('tr[data-place]:hover')
    const row = hovered ?? firstInWindow(table.current, parent.current)
    return row && { id: row.dataset.place!, top: row.getBoundingClientRect().top }
  }

  override componentDidUpdate(_before: KeepPlaceProps, _state: unknown, was: Place | null): void {
    const { table, parent, topOf } = this.props
    if (!was || !parent.current || !table.current) return
    const top = topOf(was.id)
    const moved = top === null ? 0 : top - was.top
    if (Math.abs(moved) < 1) return
    const scroller = parent.current
    const wanted = scroller.scrollTop + moved
    scroller.scrollTop = wanted
    // A page too short to scroll so far gets room at its end until the pointer leaves.
    const missing = wanted - scroller.scrollTop
    if (missing < 1 || !table.current.matches(':hover')) return
    const room = table.current
    room.style.marginBottom = `${Math.ceil(missing) + (Number.parseFloat(room.style.marginBottom) || 0)}px`
    scroller.scrollTop = wanted
    room.addEventListener('pointerleave', () => (room.style.marginBottom = ''), { once: true })
  }

  override render() {
    return null
  }
}

/** The first row that can be seen whole below the table's head; none while the table's beginning is on view. */
function firstInWindow(table: HTMLElement, parent: HTMLElement): HTMLElement | null {
  const top = parent.getBoundingClientRect().top
  if (table.getBoundingClientRect().top >= top) return null
  const head = table.querySelector('thead')!.getBoundingClientRect().height
  for (const row of table.querySelectorAll<HTMLElement>('tr[data-place]'))
    if (row.getBoundingClientRect().top >= top + head) return row
  return null
}
