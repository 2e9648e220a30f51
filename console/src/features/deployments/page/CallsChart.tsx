import type { CallStats } from '@berth/contracts'
import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from 'react'
import type uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { useTheme } from '../../../app/theme.ts'
import { Table, Td, Th } from '../../../ui/Table.tsx'
import { failedOf, percent } from './callMarks.ts'
import { clockOf, stepWords } from './callRange.ts'
import { countPlot, latencyLines, latencyPlot, type PlotListeners } from './plots.ts'
import { millis } from '../../../ui/Time.tsx'

export interface CallsChartProps {
  stats: CallStats
  /** A time to look closer at; milliseconds. */
  onZoom: (from: number, to: number) => void
}

/** Calls over time: how many and how many of them failed, and how long the answers took; the same as a table. */
export function CallsChart({ stats, onZoom }: CallsChartProps) {
  const [at, setAt] = useState<number | null>(null)
  // Colours are drawn, not styled: another theme is another drawing.
  const theme = useTheme()
  const hovered = at === null ? undefined : stats.buckets[at]
  return (
    <figure
      aria-label={`${stats.total.count} calls over time, ${failedOf(stats.total)} of them failed`}
      className="px-3 pt-2 pb-2"
    >
      <div className="grid gap-x-4 @4xl:grid-cols-2">
        <Plot
          key={`calls ${theme}`}
          title={`Calls per ${stepWords(stats.stepSeconds)}`}
          draw={countPlot}
          {...{ stats, onZoom, setAt }}
        >
          <Key ink="accent" name="answered" value={hovered && hovered.count - failedOf(hovered)} />
          <Key ink="bad" name="failed" value={hovered && failedOf(hovered)} />
        </Plot>
        <Plot
          key={`latency ${theme}`}
          title="Latency of the answers"
          draw={latencyPlot}
          {...{ stats, onZoom, setAt }}
        >
          {latencyLines.map(([key, name, ink]) => {
            const ms = hovered?.[key]
            return <Key key={key} ink={ink} name={name} value={ms == null ? undefined : millis(ms)} />
          })}
        </Plot>
      </div>
      <div className="mt-1 flex min-h-5 flex-wrap items-baseline gap-x-3 text-2xs text-ink-3">
        <span className="flex-1">
          {hovered
            ? `${clockOf(Date.parse(hovered.at), stats.stepSeconds)}: ${hovered.count.toLocaleString('en')} calls, ${percent(failedOf(hovered), hovered.count)} failed`
            : 'Draw over a time to look closer.'}
        </span>
      </div>
      <AsTable stats={stats} onZoom={onZoom} />
    </figure>
  )
}

const inks = { good: 'text-good', accent: 'text-accent', wait: 'text-wait', bad: 'text-bad' }

function Key(props: { ink: keyof typeof inks; name: string; value: string | number | undefined }) {
  const { ink, name, value } = props
  return (
    <span className="inline-flex gap-1">
      <span aria-hidden className={inks[ink]}>
        ●
      </span>
      {name}
      {value !== undefined && <b className="font-semibold text-ink tabular-nums">{value}</b>}
    </span>
  )
}

type Draw = (stats: CallStats, listeners: PlotListeners, target: HTMLElement) => uPlot

/** One drawing; drawn anew when the numbers change, and made to fit when its place does. */
function Plot(props: {
  title: string
  draw: Draw
  stats: CallStats
  onZoom: CallsChartProps['onZoom']
  setAt: (at: number | null) => void
  children: ReactNode
}) {
  const { title, draw, stats, onZoom, setAt, children } = props
  const target = useRef<HTMLDivElement>(null)
  const zoom = useRef(onZoom)
  useEffect(() => {
    zoom.current = onZoom
  })
  useLayoutEffect(() => {
    const element = target.current!
    const plot = draw(stats, { onHover: setAt, onZoom: (from, to) => zoom.current(from, to) }, element)
    const watcher = new ResizeObserver(() =>
      plot.setSize({ width: element.clientWidth, height: plot.height }),
    )
    watcher.observe(element)
    return () => {
      watcher.disconnect()
      plot.destroy()
    }
  }, [draw, stats, setAt])
  return (
    <div className="min-w-0">
      <p className="flex flex-wrap items-baseline gap-x-3 text-2xs text-ink-3">
        <span className="flex-1 font-[550] text-ink-2">{title}</span>
        {children}
      </p>
      {/* The table below says the same to those who do not see it. */}
      <div ref={target} aria-hidden className="h-[120px] min-w-0 overflow-hidden" />
    </div>
  )
}

const wide = '@max-3xl:hidden'

function AsTable({ stats, onZoom }: CallsChartProps) {
  const [open, setOpen] = useState(false)
  const step = stats.stepSeconds * 1000
  const told = stats.buckets.filter(({ count }) => count > 0)
  return (
    <details className="text-xs" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary className="w-fit cursor-pointer font-[550] text-accent">The same as a table</summary>
      {open && (
        <div
          role="region"
          aria-label="Calls by time, as a table"
          tabIndex={0}
          className="mt-1.5 max-h-64 overflow-auto rounded-md border border-line"
        >
          <Table>
            <thead>
              <tr>
                <Th className="w-[40%] @3xl:w-[30%]">From</Th>
                <Th numeric>Calls</Th>
                <Th numeric>Failed</Th>
                {latencyLines.map(([key, name]) => (
                  <Th key={key} numeric className={key === 'p95Ms' ? '' : wide}>
                    {name}
                  </Th>
                ))}
              </tr>
            </thead>
            <tbody>
              {told.map((bucket) => (
                <tr key={bucket.at} className="group/row">
                  <Td>
                    <button
                      type="button"
                      title="Look closer at this time"
                      className="rounded-sm font-[550] text-accent hover:underline"
                      onClick={() => onZoom(Date.parse(bucket.at), Date.parse(bucket.at) + step)}
                    >
                      {clockOf(Date.parse(bucket.at), stats.stepSeconds)}
                    </button>
                  </Td>
                  <Td numeric>{bucket.count.toLocaleString('en')}</Td>
                  <Td numeric>
                    <span className={wide}>{failedOf(bucket)} · </span>
                    {percent(failedOf(bucket), bucket.count)}
                  </Td>
                  {latencyLines.map(([key]) => (
                    <Td key={key} numeric className={key === 'p95Ms' ? '' : wide}>
                      {bucket[key] === null ? '–' : millis(bucket[key])}
                    </Td>
                  ))}
                </tr>
              ))}
            </tbody>
          </Table>
        </div>
      )}
    </details>
  )
}
