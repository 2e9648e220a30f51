import { Link } from '@tanstack/react-router'
import { useQuery } from '@tanstack/react-query'
import { ChevronDown, ChevronRight } from 'lucide-react'
import { useOrganization } from '../../app/session.ts'
import { cx } from '../../ui/cx.ts'
import { type Mark, StatusMark } from '../../ui/StatusMark.tsx'
import { Td } from '../../ui/Table.tsx'
import { wordMark } from '../lifecycle/marks.ts'
import { deploymentQuery } from '../lifecycle/queries.ts'
import { type Entry, type Progress, sourceOf } from './entries.ts'
import { EntryDetails, type EntryDetailsProps } from './EntryDetails.tsx'

/** Columns that are seen in a wide table only; not taken out, as rows below span them. */
export const wide = '@max-3xl:w-px @max-3xl:!px-0 @max-3xl:text-clip'

export interface EntryRowProps extends Omit<EntryDetailsProps, 'one'> {
  one: Entry
  open: boolean
  onOpen: (open: boolean) => void
}

/** An entry of the file: whether to take it, what it becomes, and what became of it. */
export function EntryRow({ one, progress, open, onOpen, ...rest }: EntryRowProps) {
  if (one.kind === 'cannot')
    return (
      <tr className="group/row align-top">
        <Td />
        <Td title={one.entry} className="py-2 font-semibold">
          {one.entry}
        </Td>
        <Td colSpan={3} className="py-2 whitespace-normal text-ink-2">
          <StatusMark tone="idle" shape="none" word="Cannot be imported:" />{' '}
          <span className="break-words">{one.reason}</span>
        </Td>
      </tr>
    )
  const { entry, plan, release, secrets, choice, config } = one
  const fixed = progress !== undefined && progress.kind !== 'failed'
  const values = Object.keys(config).length
  const Chevron = open ? ChevronDown : ChevronRight
  return (
    <>
      <tr className="group/row">
        <Td className="!overflow-visible">
          <input
            type="checkbox"
            aria-label={`Import ${entry}`}
            checked={!choice.left && !one.barred}
            disabled={fixed || one.barred !== null}
            onChange={(event) => rest.onChoice({ ...choice, left: !event.target.checked })}
            className="size-3.5"
          />
        </Td>
        <Td>
          <button
            type="button"
            aria-expanded={open}
            title={entry}
            onClick={() => onOpen(!open)}
            className="flex h-7 max-w-full items-center gap-1 rounded-sm pr-1 font-semibold"
          >
            <Chevron aria-hidden className="size-3.5 shrink-0 text-ink-3" />
            <span className="truncate">{entry}</span>
          </button>
        </Td>
        <Td className={cx(wide, 'text-ink-2')} title={sourceOf(plan)}>
          {release ? (
            <>
              <span className="text-ink">{release.server}</span> {release.version}
            </>
          ) : (
            <>
              <span className="text-ink">{sourceOf(plan)}</span>,{' '}
              {one.barred ? 'not in the catalog' : 'new to the catalog'}
            </>
          )}
        </Td>
        <Td className={cx(wide, 'text-ink-2')}>
          {values === 0 && secrets.length === 0 ? (
            <span className="text-ink-3">nothing</span>
          ) : (
            [values > 0 && count(values, 'value'), secrets.length > 0 && count(secrets.length, 'secret')]
              .filter(Boolean)
              .join(', ')
          )}
        </Td>
        <Td>
          <State one={one} progress={progress} />
        </Td>
      </tr>
      {open && (
        <tr>
          <td colSpan={5} className="border-b border-line-soft pt-2 pr-3 pb-3 pl-11 text-sm">
            <EntryDetails one={one} progress={progress} {...rest} />
          </td>
        </tr>
      )}
    </>
  )
}

function State({ one, progress }: { one: Extract<Entry, { kind: 'can' }>; progress: Progress | undefined }) {
  if (progress?.kind === 'done') return <Arrived deploymentId={progress.deploymentId} name={one.name} />
  return <StatusMark {...markOf(one, progress)} />
}

function markOf(one: Extract<Entry, { kind: 'can' }>, progress: Progress | undefined): Mark {
  if (progress?.kind === 'working') return { tone: 'accent', shape: 'progress', word: progress.step }
  if (one.barred) return { tone: 'wait', shape: 'diamond', word: 'needs an operator' }
  if (one.choice.left) return { tone: 'idle', shape: 'none', word: 'left out' }
  if (progress?.kind === 'failed') return { tone: 'bad', shape: 'cross', word: 'not imported' }
  const { name, ...asked } = one.faults
  const missing = Object.keys(asked).length
  if (missing > 0) return { tone: 'wait', shape: 'warning', word: `needs ${count(missing, 'value')}` }
  if (name) return { tone: 'wait', shape: 'warning', word: 'needs another name' }
  return { tone: 'good', shape: 'check', word: 'ready' }
}

/** What was imported, as it is now. */
function Arrived({ deploymentId, name }: { deploymentId: string; name: string }) {
  const { id, slug } = useOrganization()
  const { data } = useQuery(deploymentQuery(id, deploymentId))
  return (
    <span className="flex items-center gap-2">
      {data && <StatusMark {...wordMark(data)} />}
      <Link
        to="/console/deployments/$deploymentId"
        params={{ deploymentId }}
        search={{ org: slug }}
        className="truncate font-[550] text-accent underline underline-offset-2"
      >
        {name}
      </Link>
    </span>
  )
}

export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`
