import { callOutcome, type CallRecord } from '@berth/contracts'
import { ZoomOut } from 'lucide-react'
import { Button } from '../../../ui/Button.tsx'
import { FilterSelect } from '../../../ui/FilterSelect.tsx'
import { shorten } from '../../../ui/Id.tsx'
import { Select } from '../../../ui/Select.tsx'
import { outcomeMarks } from './callMarks.ts'
import { type CallRange, rangeWords, spans, spanWords, usualSpan } from './callRange.ts'
import type { DeploymentSearch } from './search.ts'
import type { Callers } from './useCallers.ts'

const fixed = '(fixed)'

export interface CallFiltersProps {
  /** What can be chosen is what was seen. */
  calls: readonly CallRecord[]
  callers: Callers
  tools: readonly string[]
  search: DeploymentSearch
  range: CallRange
  onChange: (change: Partial<DeploymentSearch>) => void
  onClear: (() => void) | null
}

/** The time that is looked at, and which calls of it. */
export function CallFilters(props: CallFiltersProps) {
  const { calls, callers, tools, search, range, onChange, onClear } = props
  const zoomed = 'from' in range
  const nameOf = (id: string) => callers.get(id) ?? shorten(id)
  const choices = (
    seen: readonly (string | null)[],
    chosen: string | undefined,
    words = (one: string) => one,
  ) =>
    [...new Set([...seen, chosen ?? null])]
      .filter((one): one is string => one !== null)
      .map((value) => ({ value, label: words(value) }))
      .sort((a, b) => a.label.localeCompare(b.label, 'en'))
  return (
    <div className="mb-3 flex flex-wrap items-center gap-1.5">
      <Select
        compact
        label="Time"
        prefix="Time"
        value={zoomed ? fixed : range.span}
        options={[
          ...spans.map((span) => ({ value: span, label: spanWords(span) })),
          ...(zoomed ? [{ value: fixed, label: rangeWords(range) }] : []),
        ]}
        onChange={(value) => {
          const span = spans.find((one) => one === value)
          if (span) onChange({ last: span === usualSpan ? undefined : span, from: undefined, to: undefined })
        }}
      />
      {zoomed && (
        <Button
          look="quiet"
          className="!h-[26px] !px-2 text-xs"
          icon={<ZoomOut aria-hidden className="size-3.5" />}
          onClick={() => onChange({ from: undefined, to: undefined })}
        >
          Zoom out
        </Button>
      )}
      <FilterSelect
        label="Outcome"
        value={search.outcome}
        options={callOutcome.options.map((value) => ({ value, label: outcomeMarks[value].word }))}
        onChange={(outcome) => onChange({ outcome })}
      />
      <FilterSelect
        label="Tool"
        value={search.tool}
        options={choices(tools, search.tool)}
        onChange={(tool) => onChange({ tool })}
      />
      <FilterSelect
        label="Who"
        value={search.who}
        options={choices(
          calls.map((one) => one.principalId),
          search.who,
          nameOf,
        )}
        onChange={(who) => onChange({ who })}
      />
      <FilterSelect
        label="Method"
        value={search.method}
        options={choices(
          calls.map((one) => one.method),
          search.method,
        )}
        onChange={(method) => onChange({ method })}
      />
      {onClear && (
        <Button look="quiet" className="!h-[26px] !px-2 text-xs" onClick={onClear}>
          Clear filters
        </Button>
      )}
    </div>
  )
}
