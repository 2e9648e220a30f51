import type { CallStats } from '@berth/contracts'
import uPlot from 'uplot'
import { failedOf } from './callMarks.ts'
import { clockOf } from './callRange.ts'
import { millis } from '../../../ui/Time.tsx'

export interface PlotListeners {
  /** The bucket under the pointer; null: none. */
  onHover: (at: number | null) => void
  /** A time was drawn over; milliseconds. */
  onZoom: (from: number, to: number) => void
}

/** The colours of the theme that is shown now. */
function inks() {
  const style = getComputedStyle(document.documentElement)
  const ink = (name: string) => style.getPropertyValue(`--${name}`).trim()
  return {
    text: ink('ink-3'),
    line: ink('line-soft'),
    accent: ink('accent'),
    bad: ink('bad'),
    wait: ink('wait'),
    good: ink('good'),
  }
}

const syncKey = 'calls'

/** What both plots share: one time, one pointer, and a range that is drawn to look closer. */
function base(stats: CallStats, { onHover, onZoom }: PlotListeners): Omit<uPlot.Options, 'series' | 'width'> {
  const { text, line } = inks()
  const step = stats.stepSeconds
  return {
    height: 120,
    legend: { show: false },
    padding: [10, 12, 0, 0],
    cursor: {
      y: false,
      drag: { x: true, y: false, setScale: false },
      points: { show: false },
      sync: { key: syncKey, filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave' } },
    },
    scales: {
      x: { time: true, range: () => [Date.parse(stats.from) / 1000, Date.parse(stats.to) / 1000] },
    },
    axes: [
      {
        stroke: text,
        font: '11px Inter Variable, sans-serif',
        grid: { show: false },
        ticks: { show: false },
        // So that its first label stands clear of the lowest of the other axis.
        gap: 9,
        size: 28,
        space: 110,
        values: (_, splits) => splits.map((at) => clockOf(at * 1000, step)),
      },
      {
        stroke: text,
        font: '11px Inter Variable, sans-serif',
        grid: { stroke: line, width: 1 },
        ticks: { show: false },
        size: 52,
        space: 26,
      },
    ],
    hooks: {
      setCursor: [(plot) => onHover(plot.cursor.idx ?? null)],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select
          if (width < 4) return
          const edge = (x: number, round: (n: number) => number) =>
            round(plot.posToVal(x, 'x') / step) * step * 1000
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
          onZoom(edge(left, Math.floor), edge(left + width, Math.ceil))
        },
      ],
    },
  }
}

const times = ({ buckets }: CallStats) => buckets.map(({ at }) => Date.parse(at) / 1000)

/** How many calls, those that failed on top of those that did not. */
export function countPlot(stats: CallStats, listeners: PlotListeners, target: HTMLElement): uPlot {
  const { accent, bad } = inks()
  const bars = uPlot.paths.bars!({ size: [0.86, 48], align: 1 })
  const common = base(stats, listeners)
  common.axes![1]!.values = (_, splits) =>
    splits.map((count) => (Number.isInteger(count) ? count.toLocaleString('en') : ''))
  const none = { paths: bars, points: { show: false }, width: 0 }
  return new uPlot(
    {
      ...common,
      width: target.clientWidth,
      scales: { ...common.scales, y: { range: (_, _min, max) => [0, Math.max(1, max * 1.08)] } },
      series: [{}, { ...none, label: 'failed', fill: bad }, { ...none, label: 'answered', fill: accent }],
    },
    [
      times(stats),
      stats.buckets.map(({ count }) => count),
      stats.buckets.map((bucket) => bucket.count - failedOf(bucket)),
    ],
    target,
  )
}

export const latencyLines = [
  ['p50Ms', 'p50', 'good'],
  ['p95Ms', 'p95', 'accent'],
  ['p99Ms', 'p99', 'wait'],
] as const

/** How long the answers took, on a scale of powers of ten; a bucket without answers leaves a gap. */
export function latencyPlot(stats: CallStats, listeners: PlotListeners, target: HTMLElement): uPlot {
  const colours = inks()
  const common = base(stats, listeners)
  common.axes![1]!.values = (_, splits) => splits.map((ms) => millis(ms).replace('.0 ', ' '))
  common.axes![1]!.splits = (_, _axis, min, max) => powersOfTen(min, max)
  common.axes![1]!.filter = (_, splits) => splits
  const half = stats.stepSeconds / 2
  return new uPlot(
    {
      ...common,
      width: target.clientWidth,
      scales: {
        ...common.scales,
        y: {
          distr: 3,
          range: (_, min, max) => [floorOf(min ?? 1), Math.max(ceilOf(max ?? 10), 10 * floorOf(min ?? 1))],
        },
      },
      series: [
        {},
        ...latencyLines.map(([, label, colour]) => ({
          label,
          stroke: colours[colour],
          width: 1.5,
          points: { show: true, size: 3.5, fill: colours[colour], stroke: colours[colour] },
        })),
      ],
    },
    [
      times(stats).map((at) => at + half),
      ...latencyLines.map(([key]) =>
        stats.buckets.map(({ [key]: ms }) => (ms === null ? null : Math.max(ms, 0.001))),
      ),
    ],
    target,
  )
}

function powersOfTen(min: number, max: number): number[] {
  const first = Math.round(Math.log10(min))
  return Array.from({ length: Math.round(Math.log10(max)) - first + 1 }, (_, at) => 10 ** (first + at))
}

const floorOf = (ms: number) => 10 ** Math.floor(Math.log10(Math.max(ms, 0.001)))
const ceilOf = (ms: number) => 10 ** Math.ceil(Math.log10(Math.max(ms, 0.001)))
