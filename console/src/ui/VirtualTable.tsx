import { createColumnHelper, useTable } from '@tanstack/react-table'
import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual'
import {
  type KeyboardEvent,
  type ReactNode,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
} from 'react'
import { cx } from './cx.ts'
import { KeepPlace } from './KeepPlace.tsx'
import { Table, Th } from './Table.tsx'
import { useRowFocus } from './useRowFocus.ts'
import { useScrollParent } from './useScrollParent.ts'
import { type Column, type Entry, features, Gap, type Group, Line } from './VirtualLine.tsx'

export type { Column, Group } from './VirtualLine.tsx'

export interface VirtualTableProps<T> {
  label: string
  columns: readonly Column<T>[]
  /** Rows, or groups of rows. Keep them the same object while nothing changed. */
  rows?: readonly T[]
  groups?: readonly Group<T>[]
  rowId: (row: T) => string
  /** How many rows there are on the server, as far as it is known. */
  total?: number | undefined
  selected?: string | undefined
  onOpen?: (row: T) => void
  /** What stands below the selected row. */
  detail?: (row: T) => ReactNode
  more?: { wanted: boolean; loading: boolean; load: () => void } | undefined
}

const rowHeight = 36
const headHeight = 28
const overscan = 12
/** So many rows before the end the next ones are asked for. */
const ahead = 40

/**
 * A table of any length: only the rows near the window stand in the page. It scrolls with the page around it, is
 * walked by arrow keys, keeps the focused row, and rows that come or go never move the one under the pointer.
 */
export function VirtualTable<T extends object>(props: VirtualTableProps<T>) {
  const { label, columns, rowId, selected, onOpen, detail, more, total } = props
  const rows = useMemo(
    () => props.rows ?? props.groups!.flatMap((group) => group.rows),
    [props.rows, props.groups],
  )
  const definitions = useMemo(() => {
    const helper = createColumnHelper<typeof features, T>()
    return columns.map(({ id, header, cell }) =>
      helper.display({ id, header, cell: ({ row }) => cell(row.original) }),
    )
  }, [columns])
  const table = useTable({ features, data: rows, columns: definitions, getRowId: rowId })
  const entries = useEntries(props, rows, detail && selected)
  const places = useMemo(() => new Map(entries.map(({ id }, at) => [id, at])), [entries])

  const element = useRef<HTMLTableElement>(null)
  const body = useRef<HTMLTableSectionElement>(null)
  const { parent, margin } = useScrollParent(body)
  const focus = useRowFocus(element, places, selected)
  // Kept the same, or every frame would measure all rows anew.
  const sizeOf = useCallback(
    (at: number) => (entries[at]!.kind === 'detail' ? 4 * rowHeight : rowHeight),
    [entries],
  )
  const keyOf = useCallback((at: number) => entries[at]!.id, [entries])
  const virtualizer = useVirtualizer<HTMLElement, HTMLTableRowElement>({
    count: entries.length,
    getScrollElement: () => parent.current,
    estimateSize: sizeOf,
    getItemKey: keyOf,
    overscan,
    scrollMargin: margin,
    // The head stays on top of what scrolls below it.
    scrollPaddingStart: headHeight,
    initialRect: { width: 0, height: innerHeight },
    rangeExtractor: (range) => {
      const shown = defaultRangeExtractor(range)
      const kept = focus.at
      if (kept === null || shown.includes(kept)) return shown
      return [...shown, kept].sort((a, b) => a - b)
    },
  })
  const items = virtualizer.getVirtualItems()

  const nearEnd = (items.at(-1)?.index ?? 0) >= entries.length - ahead
  useEffect(() => {
    if (more?.wanted && !more.loading && nearEnd) more.load()
  })
  useShown(virtualizer.scrollToIndex, places, selected)

  function onKeyDown(event: KeyboardEvent<HTMLTableElement>): void {
    const row = (event.target as HTMLElement).closest<HTMLElement>('tr[data-row]')
    if (!row || event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return
    if ((event.target as HTMLElement).closest('input, textarea, select, [data-detail]')) return
    const entry = entries[Number(row.dataset.index)]
    const page = Math.max(1, Math.floor((parent.current?.clientHeight ?? 0) / rowHeight) - 2)
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[
      event.key
    ]
    if (step !== undefined) {
      const to = nextRow(entries, places.get(row.dataset.row!) ?? 0, step)
      focus.move(entries[to]!.id)
      virtualizer.scrollToIndex(to, { align: 'auto' })
    } else if (
      (event.key === 'Enter' || event.key === ' ') &&
      event.target === row &&
      entry?.kind === 'row' &&
      onOpen
    )
      onOpen(entry.row)
    else return
    event.preventDefault()
  }

  let filled = 0
  const lines: ReactNode[] = []
  for (const { index, key, start, end } of items) {
    const gap = start - margin - filled
    if (gap > 0) lines.push(<Gap key={`gap ${index}`} height={gap} />)
    filled = end - margin
    const entry = entries[index]!
    lines.push(
      <Line
        key={String(key)}
        entry={entry}
        index={index}
        columns={columns}
        record={entry.kind === 'row' ? table.getRowModel().rows[entry.at]! : null}
        tabbable={entry.kind === 'row' && (focus.at === null ? entry.at === 0 : index === focus.at)}
        selected={entry.kind === 'row' && entry.id === selected}
        expands={detail !== undefined}
        onOpen={onOpen}
        measure={virtualizer.measureElement}
        {...(entry.kind === 'detail' ? { content: detail!(entry.row) } : {})}
      />,
    )
  }
  const rest = virtualizer.getTotalSize() - filled
  const known =
    total === undefined ? (more?.wanted ? -1 : entries.length + 1) : total + entries.length - rows.length + 1
  return (
    <Table
      ref={element}
      role={onOpen ? 'grid' : undefined}
      aria-label={label}
      aria-rowcount={known}
      onKeyDown={onKeyDown}
      {...focus.listeners}
      className="border-separate border-spacing-0 [overflow-anchor:none]"
    >
      <thead>
        <tr aria-rowindex={1}>
          {table.getHeaderGroups()[0]!.headers.map((header, at) => (
            <Th
              key={header.id}
              numeric={columns[at]!.numeric ?? false}
              className={cx('sticky top-0 z-10 bg-panel', columns[at]!.className)}
            >
              <table.FlexRender header={header} />
            </Th>
          ))}
        </tr>
      </thead>
      <tbody ref={body}>
        {lines}
        {rest > 0 && <Gap height={rest} />}
      </tbody>
      <KeepPlace
        of={entries}
        table={element}
        parent={parent}
        topOf={(id) => {
          const at = places.get(id)
          const place = at === undefined ? undefined : virtualizer.measurementsCache[at]
          return place && parent.current
            ? parent.current.getBoundingClientRect().top + place.start - parent.current.scrollTop
            : null
        }}
      />
    </Table>
  )
}

/** What stands in the table, line by line: heads, rows, and what is open below a row. */
function useEntries<T extends object>(
  { groups, rowId, more }: VirtualTableProps<T>,
  rows: readonly T[],
  open: string | undefined,
): Entry<T>[] {
  const wanted = more?.wanted ?? false
  return useMemo(() => {
    const entries: Entry<T>[] = []
    let at = 0
    const add = (row: T) => {
      const id = rowId(row)
      entries.push({ kind: 'row', id, row, at: at++ })
      if (id === open) entries.push({ kind: 'detail', id: `detail ${id}`, row })
    }
    if (!groups) rows.forEach(add)
    for (const group of groups ?? []) {
      entries.push({ kind: 'head', id: `head ${group.id}`, group })
      if (group.rows.length === 0 && group.none)
        entries.push({ kind: 'none', id: `none ${group.id}`, text: group.none })
      group.rows.forEach(add)
    }
    if (wanted) entries.push({ kind: 'more', id: 'more' })
    return entries
  }, [groups, rows, rowId, open, wanted])
}

/** Brings a row into the window when it becomes the selected one, however that came to be. */
function useShown(
  scrollToIndex: (at: number, options: { align: 'auto' }) => void,
  places: ReadonlyMap<string, number>,
  selected: string | undefined,
): void {
  const shown = useRef<string | undefined>(undefined)
  useLayoutEffect(() => {
    if (selected === shown.current) return
    const at = selected === undefined ? undefined : places.get(selected)
    if (selected !== undefined && at === undefined) return
    shown.current = selected
    if (at !== undefined) scrollToIndex(at, { align: 'auto' })
  }, [selected, places, scrollToIndex])
}

/** The row that is so many rows away, or the last one on the way there. */
function nextRow<T>(entries: readonly Entry<T>[], from: number, step: number): number {
  const way = Math.sign(step)
  let found = from
  let left = Math.abs(step)
  for (let at = from + way; at >= 0 && at < entries.length && left > 0; at += way) {
    if (entries[at]!.kind !== 'row') continue
    found = at
    left--
  }
  return found
}
