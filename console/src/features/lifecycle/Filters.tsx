import { deploymentWords, type Tier } from '@berth/contracts'
import { X } from 'lucide-react'
import type { Ref } from 'react'
import { FilterSelect } from '../../ui/FilterSelect.tsx'
import { SearchBox } from '../../ui/SearchBox.tsx'
import type { LifecycleSearch } from './search.ts'

export interface FiltersProps {
  ref: Ref<HTMLInputElement>
  search: LifecycleSearch & { workspace?: string | undefined }
  tiers: Tier[]
  onChange: (change: Partial<LifecycleSearch & { workspace?: string | undefined }>) => void
  /** How many deployments there are of each status. */
  byStatus: Partial<Record<(typeof deploymentWords)[number], number>> | undefined
  /** How much is shown. */
  summary?: string | undefined
}

/** What of the page is shown; all of it stands in the URL. */
export function Filters({ ref, search, tiers, byStatus, onChange, summary }: FiltersProps) {
  return (
    <div className="mb-3 flex flex-wrap items-center gap-1.5">
      <SearchBox
        ref={ref}
        label="Filter by name"
        value={search.q ?? ''}
        onChange={(q) => onChange({ q: q || undefined })}
      />
      <FilterSelect
        label="Status"
        value={search.status}
        options={deploymentWords.map((word) => ({
          value: word,
          label: word,
          ...(byStatus?.[word] ? { hint: count(byStatus[word], 'server') } : {}),
        }))}
        onChange={(status) => onChange({ status })}
      />
      <FilterSelect
        label="Tier"
        value={search.tier}
        options={tiers.map(({ code, name }) => ({ value: code, label: code, hint: name }))}
        onChange={(tier) => onChange({ tier })}
      />
      {search.workspace && (
        <button
          type="button"
          onClick={() => onChange({ workspace: undefined })}
          aria-label={`Workspace ${search.workspace}: show all instead`}
          className="flex h-[26px] items-center gap-1 rounded-md border border-line bg-panel px-2 text-xs text-ink-2 hover:border-line-strong"
        >
          Workspace <b className="font-semibold text-ink">{search.workspace}</b>
          <X aria-hidden className="size-3" />
        </button>
      )}
      <span className="flex-1" />
      {summary && (
        <span role="status" className="px-1 text-xs text-ink-3">
          {summary}
        </span>
      )}
    </div>
  )
}

export function count(n: number, noun: string): string {
  return `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`
}
