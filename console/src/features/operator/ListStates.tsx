import type { UseInfiniteQueryResult } from '@tanstack/react-query'
import { SearchX } from 'lucide-react'
import type { ReactNode } from 'react'
import { factsOf } from '../../api/client.ts'
import { Button } from '../../ui/Button.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { RowsSkeleton } from '../../ui/Panel.tsx'

/** How many rows there are as far as they were read. */
export function Count({ rows, more, one, many }: { rows: number; more: boolean; one: string; many: string }) {
  return (
    <span role="status" className="text-xs text-ink-3">
      {rows.toLocaleString('en')}
      {more && '+'} {rows === 1 ? one : many}
    </span>
  )
}

/** What stands around the rows of a list: loading, failed, nothing found, nothing there, more. */
export function ListStates(props: {
  query: Pick<UseInfiniteQueryResult, 'isError' | 'error' | 'refetch' | 'isPending'>
  label: string
  rows: number
  /** Takes the filters back; absent: none is set. */
  clear: (() => void) | undefined
  empty: ReactNode
  children: ReactNode
}) {
  const { query, label, rows, clear, empty } = props
  return (
    <>
      {query.isError && <ErrorPanel {...factsOf(query.error)} onRetry={() => void query.refetch()} />}
      {query.isPending && (
        <div className="rounded-lg border border-line bg-panel">
          <RowsSkeleton label={`Loading ${label}`} rows={10} />
        </div>
      )}
      {!query.isPending && !query.isError && rows === 0 && clear && (
        <EmptyState
          icon={<SearchX className="size-6" />}
          title="Nothing is like that"
          action={<Button onClick={clear}>Clear filters</Button>}
        >
          There are {label}, but none that passes these filters.
        </EmptyState>
      )}
      {!query.isPending && !query.isError && rows === 0 && !clear && empty}
      {rows > 0 && <div className="rounded-lg border border-line bg-panel">{props.children}</div>}
    </>
  )
}
