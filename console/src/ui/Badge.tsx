import type { ReactNode } from 'react'
import { cx } from './cx.ts'

export type Tone = 'good' | 'wait' | 'bad' | 'idle' | 'accent'

const tones: Record<Tone, string> = {
  good: 'bg-good-bg text-good',
  wait: 'bg-wait-bg text-wait',
  bad: 'bg-bad-bg text-bad',
  idle: 'bg-idle-bg text-idle',
  accent: 'bg-accent-bg text-accent',
}

/** A short fact on a coloured ground. */
export function Badge({ tone = 'idle', children }: { tone?: Tone; children: ReactNode }) {
  return (
    <span
      className={cx(
        'inline-flex h-5 items-center gap-1 rounded-sm px-1.5 text-[11.5px] font-[550] whitespace-nowrap',
        tones[tone],
      )}
    >
      {children}
    </span>
  )
}
