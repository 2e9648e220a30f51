import type { LucideIcon } from 'lucide-react'
import { Check, Circle, CircleDashed, Diamond, Minus, Octagon, Square, TriangleAlert, X } from 'lucide-react'
import type { Tone } from './Badge.tsx'
import { cx } from './cx.ts'

const shapes = {
  dot: { icon: Circle, filled: true },
  square: { icon: Square, filled: true },
  progress: { icon: CircleDashed, filled: false },
  diamond: { icon: Diamond, filled: true },
  octagon: { icon: Octagon, filled: true },
  check: { icon: Check, filled: false },
  cross: { icon: X, filled: false },
  warning: { icon: TriangleAlert, filled: false },
  none: { icon: Minus, filled: false },
} satisfies Record<string, { icon: LucideIcon; filled: boolean }>

export type Shape = keyof typeof shapes

const inks: Record<Tone, string> = {
  good: 'text-good',
  wait: 'text-wait',
  bad: 'text-bad',
  idle: 'text-idle',
  accent: 'text-accent',
}

export interface Mark {
  tone: Tone
  shape: Shape
  word: string
}

/** A state as shape, word and colour, so that it reads in greyscale too. */
export function StatusMark({ tone, shape, word, title }: Mark & { title?: string | undefined }) {
  const { icon: Icon, filled } = shapes[shape]
  return (
    <span
      title={title}
      className={cx(
        'inline-flex h-5 items-center gap-1.5 align-middle font-[550] whitespace-nowrap',
        inks[tone],
      )}
    >
      <Icon
        aria-hidden
        strokeWidth={filled ? 2 : 2.6}
        fill={filled ? 'currentColor' : 'none'}
        className={cx(
          filled ? 'size-2.5' : 'size-3',
          shape === 'progress' && 'animate-[spin_2.4s_linear_infinite]',
        )}
      />
      {word}
    </span>
  )
}
