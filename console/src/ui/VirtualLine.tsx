import { FlexRender, type Row, tableFeatures } from '@tanstack/react-table'
import { memo, type ReactNode } from 'react'
import { cx } from './cx.ts'
import { Td } from './Table.tsx'

export const features = tableFeatures({})

export interface Column<T> {
  id: string
  header: string
  numeric?: boolean
  /** Width and when it is shown; the same for its head and its cells. */
  className?: string
  cellClassName?: string
  cell: (row: T) => ReactNode
  title?: (row: T) => string | undefined
  /** The cell that names the row, and opens it where rows open. */
  primary?: boolean
}

/** Rows below one head, e.g. what belongs to one place. */
export interface Group<T> {
  id: string
  head: ReactNode
  rows: readonly T[]
  /** Said in place of rows where there are none. */
  none?: string
}

/** What one line of a table is. */
export type Entry<T> =
  | { kind: 'head'; id: string; group: Group<T> }
  | { kind: 'none'; id: string; text: string }
  | { kind: 'row'; id: string; row: T; at: number }
  | { kind: 'detail'; id: string; row: T }
  | { kind: 'more'; id: string }

/** Room for the rows that do not stand in the page. */
export function Gap({ height }: { height: number }) {
  return <tr aria-hidden style={{ height }} />
}

interface LineProps<T extends object> {
  entry: Entry<T>
  index: number
  columns: readonly Column<T>[]
  record: Row<typeof features, T> | null
  tabbable: boolean
  selected: boolean
  expands: boolean
  onOpen: ((row: T) => void) | undefined
  measure: (node: HTMLTableRowElement | null) => void
  content?: ReactNode
}

/** One line, drawn again only for what it shows. */
export const Line = memo(function Line<T extends object>(props: LineProps<T>) {
  const { entry, index, columns, tabbable, selected, expands, onOpen } = props
  const place = { 'aria-rowindex': index + 2, 'data-index': index }
  if (entry.kind === 'head')
    return (
      <tr {...place} data-place={entry.id}>
        <th
          scope="rowgroup"
          colSpan={columns.length}
          className="h-9 border-b border-line bg-[color-mix(in_srgb,var(--panel)_60%,var(--bg))] px-3 text-left font-normal"
        >
          {entry.group.head}
        </th>
      </tr>
    )
  if (entry.kind !== 'row')
    return (
      <tr {...place} data-detail {...(entry.kind === 'more' ? {} : { ref: props.measure })}>
        <td
          colSpan={columns.length}
          className={cx(
            'border-b border-line-soft px-3 text-xs',
            entry.kind === 'detail' ? 'bg-sel pb-3' : 'h-9 py-1.5 text-ink-3',
          )}
        >
          {entry.kind === 'detail' ? props.content : entry.kind === 'none' ? entry.text : 'Loading more…'}
        </td>
      </tr>
    )
  const { row } = entry
  return (
    <tr
      {...place}
      data-row={entry.id}
      data-place={entry.id}
      tabIndex={onOpen ? (tabbable ? 0 : -1) : undefined}
      aria-selected={onOpen ? selected : undefined}
      onClick={(event) => {
        if (!(event.target as HTMLElement).closest('a, button')) onOpen?.(row)
      }}
      className={cx(
        'group/row outline-offset-[-2px]',
        onOpen && 'cursor-pointer',
        selected ? 'bg-sel' : onOpen && 'hover:bg-bg',
      )}
    >
      {props.record!.getAllCells().map((cell, at) => {
        const { numeric, className, cellClassName, title, primary } = columns[at]!
        return (
          <Td
            key={cell.id}
            numeric={numeric ?? false}
            title={title?.(row)}
            className={cx(
              className,
              cellClassName,
              selected && at === 0 && 'shadow-[inset_2px_0_var(--accent)]',
            )}
          >
            {primary && onOpen ? (
              <button
                type="button"
                // The row is the stop of the Tab key; this is for the pointer, and names what opens.
                tabIndex={-1}
                aria-expanded={expands || selected ? selected : undefined}
                onClick={() => onOpen(row)}
                className="max-w-full truncate rounded-sm text-left align-middle"
              >
                <FlexRender cell={cell} />
              </button>
            ) : (
              <FlexRender cell={cell} />
            )}
          </Td>
        )
      })}
    </tr>
  )
}, isSame) as <T extends object>(props: LineProps<T>) => ReactNode

/** A row is drawn again only for what it shows: tables are made anew with every change of any row. */
function isSame<T extends object>(a: LineProps<T>, b: LineProps<T>): boolean {
  return (
    a.entry.kind === 'row' &&
    b.entry.kind === 'row' &&
    a.entry.row === b.entry.row &&
    a.index === b.index &&
    a.columns === b.columns &&
    a.tabbable === b.tabbable &&
    a.selected === b.selected &&
    a.onOpen === b.onOpen
  )
}
