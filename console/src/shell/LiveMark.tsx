import { RefreshCw } from 'lucide-react'
import { useLive } from '../app/live.ts'
import { useOutdated } from '../app/version.ts'
import { feed } from '../stream/feed.ts'
import { cx } from '../ui/cx.ts'
import { absoluteOf } from '../ui/Time.tsx'

const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })

/** Says that the server has newer pages than this one, and loads them. */
export function NewVersion() {
  if (!useOutdated()) return null
  return (
    <span role="status" className="shrink-0">
      <button
        type="button"
        title="A newer version of Berth is running than this page is of. Reloading shows the same page again, in the new version."
        onClick={() => window.location.reload()}
        className="flex h-7 items-center gap-1.5 rounded-md border border-accent bg-accent-bg px-2 text-xs font-[550] whitespace-nowrap text-accent"
      >
        <RefreshCw aria-hidden className="size-3.5" />
        New version<span className="max-md:hidden">: reload</span>
      </button>
    </span>
  )
}

/** Whether what is shown is what is: live, reconnecting, or stale since when. */
export function LiveMark() {
  const live = useLive()
  const since = live.kind === 'stale' || live.kind === 'reconnecting' ? live.since : null
  const look = {
    live: { word: 'Live', ink: 'text-good', dot: 'bg-good shadow-[0_0_0_3px_var(--good-bg)]' },
    connecting: { word: 'Connecting', ink: 'text-idle', dot: 'bg-idle' },
    reconnecting: { word: 'Reconnecting', ink: 'text-wait', dot: 'animate-pulse bg-wait' },
    stale: {
      word: `Stale since ${clock.format(since ?? 0)}`,
      ink: 'text-wait',
      dot: 'rounded-none bg-wait',
    },
    ended: { word: 'Signed out', ink: 'text-idle', dot: 'bg-idle' },
  }[live.kind]
  const title = since
    ? `The stream of events was lost at ${absoluteOf(new Date(since).toISOString())}. This page reads snapshots every 10 s until it is back. Click to try now.`
    : 'Changes appear here as they are committed.'
  const mark = (
    <>
      <i aria-hidden className={cx('size-[7px] rounded-full', look.dot)} />
      <span className="max-sm:sr-only">{look.word}</span>
    </>
  )
  const className = cx('flex h-7 items-center gap-1.5 text-xs whitespace-nowrap', look.ink)
  if (!since)
    return (
      <span role="status" title={title} className={className}>
        {mark}
      </span>
    )
  return (
    <button type="button" title={title} onClick={() => feed.retry()} className={className}>
      {mark}
    </button>
  )
}
