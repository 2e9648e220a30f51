import type { Deployment, LogLine } from '@berth/contracts'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { ArrowDown, Download, Pause, Play, ScrollText, WrapText } from 'lucide-react'
import { memo, useEffect, useMemo, useRef, useState } from 'react'
import { factsOf } from '../../../api/client.ts'
import { type Action, usePageActions } from '../../../app/actions.tsx'
import { useOrganization } from '../../../app/session.ts'
import { Button } from '../../../ui/Button.tsx'
import { cx } from '../../../ui/cx.ts'
import { EmptyState } from '../../../ui/EmptyState.tsx'
import { ErrorPanel } from '../../../ui/ErrorPanel.tsx'
import { Inert } from '../../../ui/Inert.tsx'
import { RowsSkeleton } from '../../../ui/Panel.tsx'
import { type Mark, StatusMark } from '../../../ui/StatusMark.tsx'
import { absoluteOf } from '../../../ui/Time.tsx'
import { count } from '../../lifecycle/Filters.tsx'
import { type Followed, useFollowedLogs } from './followLogs.ts'

const here = '/console/deployments/$deploymentId' as const

const marks: Record<Followed['state'], Mark> = {
  connecting: { tone: 'wait', shape: 'progress', word: 'connecting' },
  live: { tone: 'good', shape: 'dot', word: 'following' },
  lost: { tone: 'wait', shape: 'warning', word: 'reconnecting' },
  refused: { tone: 'bad', shape: 'warning', word: 'refused' },
}

/** What a deployment's processes write, as they write it; searched and paused in the page. */
export function LogsTab({ deployment }: { deployment: Deployment }) {
  const [attempt, setAttempt] = useState(0)
  const again = () => setAttempt((before) => before + 1)
  // A new deployment and a new try each start from nothing.
  return <FollowedLogs key={`${deployment.id} ${attempt}`} deployment={deployment} onRetry={again} />
}

function FollowedLogs({
  deployment: { id, name },
  onRetry,
}: {
  deployment: Deployment
  onRetry: () => void
}) {
  const organization = useOrganization()
  const { find = '', wrap = true } = useSearch({ from: here })
  const navigate = useNavigate({ from: here })
  const { lines, state, fault } = useFollowedLogs(organization.id, id)
  // While paused, what was there is shown; what comes meanwhile is counted.
  const [pausedAt, setPausedAt] = useState<number | null>(null)
  const searchBox = useRef<HTMLInputElement>(null)
  const setFind = (text: string) =>
    void navigate({ search: (before) => ({ ...before, find: text || undefined }), replace: true })

  const setWrap = (wanted: boolean) =>
    void navigate({ search: (before) => ({ ...before, wrap: wanted ? undefined : false }), replace: true })

  const held = pausedAt === null ? lines : lines.filter(({ line }) => line <= pausedAt)
  const wanted = find.trim().toLowerCase()
  const shown = wanted ? held.filter(({ text }) => text.toLowerCase().includes(wanted)) : held
  const waiting = lines.length - held.length
  const newest = lines.at(-1)?.line ?? 0
  usePageActions(
    useMemo(
      (): Action[] => [
        { id: 'find', label: 'Search the log', key: '/', run: () => searchBox.current?.focus() },
        pausedAt === null
          ? { id: 'pause', label: 'Pause the log', key: 'p', run: () => setPausedAt(newest) }
          : { id: 'resume', label: 'Resume the log', key: 'p', run: () => setPausedAt(null) },
      ],
      [pausedAt, newest],
    ),
  )
  if (fault !== null && (state === 'refused' || lines.length === 0))
    return <ErrorPanel {...factsOf(fault)} onRetry={onRetry} />
  return (
    <>
      <div className="mb-2 flex flex-wrap items-center gap-1.5">
        <input
          ref={searchBox}
          type="search"
          aria-label="Search the log"
          placeholder="Search the log"
          value={find}
          onChange={(event) => setFind(event.target.value)}
          className="h-[26px] w-56 rounded-md border border-line bg-panel px-2 text-xs"
        />
        <Button
          className="!h-[26px] !px-2 text-xs"
          icon={
            pausedAt === null ? (
              <Pause aria-hidden className="size-3" />
            ) : (
              <Play aria-hidden className="size-3" />
            )
          }
          onClick={() => setPausedAt(pausedAt === null ? newest : null)}
        >
          {pausedAt === null ? 'Pause' : `Resume${waiting > 0 ? ` · ${waiting} new` : ''}`}
        </Button>
        <Button
          className="!h-[26px] !px-2 text-xs"
          aria-pressed={wrap}
          icon={<WrapText aria-hidden className="size-3" />}
          onClick={() => setWrap(!wrap)}
        >
          {wrap ? 'Wrapped' : 'Wrap'}
        </Button>
        <Button
          className="!h-[26px] !px-2 text-xs"
          icon={<Download aria-hidden className="size-3" />}
          whyNot={shown.length === 0 ? 'No line is shown.' : null}
          onClick={() => download(`${name}.log`, shown)}
        >
          Download
        </Button>
        <span className="flex-1" />
        <span role="status" className="flex items-center gap-2.5 text-xs text-ink-3">
          {wanted
            ? `${shown.length.toLocaleString('en')} of ${count(held.length, 'line')}`
            : count(held.length, 'line')}
          <StatusMark
            {...(pausedAt === null ? marks[state] : { tone: 'idle', shape: 'square', word: 'paused' })}
          />
        </span>
      </div>
      {lines.length === 0 && state === 'connecting' && <RowsSkeleton label="Loading the log" />}
      {lines.length === 0 && state !== 'connecting' && (
        <EmptyState icon={<ScrollText className="size-6" />} title="Nothing was written yet">
          What its processes write to stderr appears here at once, together with notes of what Berth did with
          them. Many servers write nothing while all is well.
        </EmptyState>
      )}
      {lines.length > 0 && shown.length === 0 && (
        <EmptyState
          title={`No line contains “${find}”`}
          action={<Button onClick={() => setFind('')}>Clear the search</Button>}
        >
          {count(held.length, 'line')} {held.length === 1 ? 'was' : 'were'} searched; lines that are written
          now are searched as they come.
        </EmptyState>
      )}
      {shown.length > 0 && <Lines lines={shown} follow={pausedAt === null} wrap={wrap} />}
    </>
  )
}

/** Hands over what is shown as a file: time, stream and text of each line. */
function download(name: string, lines: readonly LogLine[]): void {
  const text = lines.map(({ at, stream, text: said }) => `${at} ${stream} ${said}\n`)
  const url = URL.createObjectURL(new Blob(text, { type: 'text/plain' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

/** The lines; stays at the newest until the person scrolls away. */
function Lines({ lines, follow, wrap }: { lines: readonly LogLine[]; follow: boolean; wrap: boolean }) {
  const box = useRef<HTMLDivElement>(null)
  const [atEnd, setAtEnd] = useState(true)
  const newest = lines.at(-1)?.line
  useEffect(() => {
    if (newest !== undefined && follow && atEnd) box.current?.scrollTo({ top: box.current.scrollHeight })
  }, [follow, atEnd, newest])
  return (
    <div className="relative">
      <div
        ref={box}
        role="log"
        aria-live="off"
        aria-label="Log of the server"
        tabIndex={0}
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) =>
          setAtEnd(scrollHeight - scrollTop - clientHeight < 24)
        }
        className="h-[calc(100dvh-248px)] min-h-64 overflow-auto rounded-lg border border-line bg-panel py-1.5 font-mono text-[11.5px] leading-[18px]"
      >
        {lines.map((line) => (
          <Line key={line.line} line={line} wrap={wrap} />
        ))}
      </div>
      {!atEnd && (
        <Button
          className="absolute right-4 bottom-3 shadow-float"
          icon={<ArrowDown aria-hidden className="size-3.5" />}
          onClick={() => setAtEnd(true)}
        >
          To the newest
        </Button>
      )}
    </div>
  )
}

const inks: Record<LogLine['stream'], string> = {
  stderr: 'text-ink-2',
  stdout: 'text-wait',
  note: 'text-accent',
}

const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })

const Line = memo(function Line({ line, wrap }: { line: LogLine; wrap: boolean }) {
  const { at, stream, text } = line
  return (
    <div
      className={cx(
        'grid gap-x-2 px-3 hover:bg-bg',
        // A line that is not wrapped makes the box as wide as it is, so it cannot be left out while off view.
        wrap
          ? 'grid-cols-[62px_48px_minmax(0,1fr)] [contain-intrinsic-height:18px] [content-visibility:auto]'
          : 'w-max min-w-full grid-cols-[62px_48px_max-content]',
      )}
    >
      <time dateTime={at} title={absoluteOf(at)} className="text-ink-3">
        {clock.format(new Date(at))}
      </time>
      <span className={cx('font-[550]', inks[stream])}>{stream}</span>
      <span className={wrap ? 'break-words whitespace-pre-wrap' : 'whitespace-pre'}>
        <Inert text={text} />
      </span>
    </div>
  )
})
