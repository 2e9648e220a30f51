import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query'
import { SearchX } from 'lucide-react'
import { type ReactNode, useMemo, useRef } from 'react'
import { factsOf } from '../../api/client.ts'
import { type Action, usePageActions } from '../../app/actions.tsx'
import { moreOf, useRows } from '../../app/lists.ts'
import { Button } from '../../ui/Button.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { RowsSkeleton } from '../../ui/Panel.tsx'
import { SearchBox } from '../../ui/SearchBox.tsx'
import { type Column, VirtualTable } from '../../ui/VirtualTable.tsx'

export interface OperatorListProps<T extends { id: string }> {
  query: UseInfiniteQueryResult<InfiniteData<{ items: T[] }>>
  /** What the rows are called. */
  one: string
  many: string
  /** What is looked for by name, where that can be done. */
  search?: { label: string; value: string; onChange: (text: string | undefined) => void }
  filters: ReactNode
  /** Takes the filters back; absent: none is set. */
  onClear: (() => void) | undefined
  /** Said when there is nothing at all. */
  empty: ReactNode
  columns: readonly Column<T>[]
  detail: (row: T) => ReactNode
  open: string | undefined
  onOpen: (id: string | undefined) => void
}

/** A list with its filters and how much of it was read; and what stands there while it loads, fails or has nothing. */
export function OperatorList<T extends { id: string }>(props: OperatorListProps<T>) {
  const { query, one, many, search, filters, onClear, empty, columns, detail, open, onOpen } = props
  const rows = useRows(query.data)
  const nothing = !query.isPending && !query.isError && rows.length === 0
  const searchBox = useRef<HTMLInputElement>(null)
  const label = search?.label
  usePageActions(
    useMemo(
      (): Action[] => (label ? [{ id: 'find', label, key: '/', run: () => searchBox.current?.focus() }] : []),
      [label],
    ),
  )
  return (
    <>
      <div className="mb-3 flex flex-wrap items-center gap-2">
        {search && (
          <SearchBox
            ref={searchBox}
            label={search.label}
            value={search.value}
            onChange={(text) => search.onChange(text || undefined)}
          />
        )}
        {filters}
        <span className="flex-1" />
        {query.data && (
          <span role="status" className="text-xs text-ink-3">
            {rows.length.toLocaleString('en')}
            {query.hasNextPage && '+'} {rows.length === 1 ? one : many}
          </span>
        )}
      </div>
      {query.isError && <ErrorPanel {...factsOf(query.error)} onRetry={() => void query.refetch()} />}
      {query.isPending && (
        <div className="rounded-lg border border-line bg-panel">
          <RowsSkeleton label={`Loading ${many}`} rows={10} />
        </div>
      )}
      {nothing && onClear && (
        <EmptyState
          icon={<SearchX className="size-6" />}
          title={`No ${one} matches these filters`}
          action={<Button onClick={onClear}>Clear filters</Button>}
        >
          There are {many}, but none with all of these properties.
        </EmptyState>
      )}
      {nothing && !onClear && empty}
      {rows.length > 0 && (
        <div className="overflow-clip rounded-lg border border-line bg-panel">
          <VirtualTable
            label={`${many[0]!.toUpperCase()}${many.slice(1)}`}
            columns={columns}
            rows={rows}
            rowId={idOf}
            selected={open}
            onOpen={({ id }) => onOpen(id === open ? undefined : id)}
            detail={detail}
            more={moreOf(query)}
          />
        </div>
      )}
    </>
  )
}

/** Of columns that have room on wide screens only. */
export const wide = 'hidden @3xl:table-cell'

const idOf = ({ id }: { id: string }) => id
