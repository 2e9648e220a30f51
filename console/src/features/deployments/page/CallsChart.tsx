import type { CallRecord } from '@berth/contracts'
import { absoluteOf } from '../../../ui/Time.tsx'
import { millis } from '../../lifecycle/WorkspaceGroup.tsx'
import { type CallStats, isFailure } from './callStats.ts'

const height = 116
const inset = 8

/** Every loaded call as one mark: when it was, and how long it took. Nothing is summed or guessed. */
export function CallsChart({ calls, stats }: { calls: readonly CallRecord[]; stats: CallStats }) {
  const times = calls.map(({ at }) => Date.parse(at))
  const [first, last] = [Math.min(...times), Math.max(...times)]
  const slowest = Math.max(1, ...calls.map(({ latencyMs }) => latencyMs))
  const decades = [0.1, 1, 10, 100, 1000, 10_000, 100_000]
  const top = decades.find((value) => value >= slowest) ?? 1_000_000
  const fastest = Math.min(...calls.map(({ latencyMs }) => Math.max(0.1, latencyMs)))
  const bottom = decades.findLast((value) => value <= fastest && value < top) ?? 0.1
  const xOf = (time: number) => (last === first ? 50 : 1 + (98 * (time - first)) / (last - first))
  const yOf = (ms: number) =>
    height - inset - (height - 2 * inset) * (Math.log(Math.max(bottom, ms) / bottom) / Math.log(top / bottom))
  const lines = decades.filter((value) => value >= bottom && value <= top)
  return (
    <figure className="px-3 pt-2 pb-2">
      <div className="relative ml-12">
        {lines.map((value) => (
          <span
            key={value}
            aria-hidden
            style={{ top: yOf(value) - 8 }}
            className="absolute -left-12 w-10 text-right text-2xs text-ink-3 tabular-nums"
          >
            {value >= 1000 ? `${value / 1000} s` : `${value} ms`}
          </span>
        ))}
        <svg
          role="img"
          aria-label={`Latency of ${stats.count} calls from ${absoluteOf(new Date(first).toISOString())} to ${absoluteOf(new Date(last).toISOString())}; ${stats.failed} failed; p95 ${stats.p95 === null ? 'unknown' : millis(stats.p95)}.`}
          width="100%"
          height={height}
          className="block overflow-visible"
        >
          {lines.map((value) => (
            <line key={value} x1="0" x2="100%" y1={yOf(value)} y2={yOf(value)} className="stroke-line-soft" />
          ))}
          {stats.p95 !== null && (
            <line
              x1="0"
              x2="100%"
              y1={yOf(stats.p95)}
              y2={yOf(stats.p95)}
              strokeDasharray="4 4"
              className="stroke-line-strong"
            />
          )}
          {calls.map((call) => (
            <Dot key={call.id} x={`${xOf(Date.parse(call.at))}%`} y={yOf(call.latencyMs)} call={call} />
          ))}
        </svg>
      </div>
      <figcaption className="mt-1 flex flex-wrap gap-x-3 pl-12 text-2xs text-ink-3">
        <span>{clock(first)}</span>
        <span className="flex-1 text-center">
          <span className="text-accent">●</span> answered · <span className="text-bad">✕</span> failed or
          refused · dashed: p95
        </span>
        <span>{clock(last)}</span>
      </figcaption>
    </figure>
  )
}

function Dot({ x, y, call }: { x: string; y: number; call: CallRecord }) {
  if (!isFailure(call.outcome))
    return <circle cx={x} cy={y} r="2.5" fillOpacity="0.65" className="fill-accent" />
  return (
    <svg x={x} y={y} className="overflow-visible stroke-bad">
      <path d="M-3 -3L3 3M3 -3L-3 3" strokeWidth="1.8" />
    </svg>
  )
}

const format = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })
const timeFormat = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })

function clock(time: number): string {
  const today = new Date().toDateString() === new Date(time).toDateString()
  return today ? timeFormat.format(time) : `${format.format(time)} ${timeFormat.format(time)}`
}
