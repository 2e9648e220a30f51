import { type ReactNode, useEffect, useRef } from 'react'
import { cx } from '../../ui/cx.ts'

const widths = { narrow: 'max-w-[440px]', middle: 'max-w-[680px]', wide: 'max-w-[1000px]' }

export interface StepBodyProps {
  title: string
  /** What this step is for, in one sentence. */
  sentence: ReactNode
  width?: keyof typeof widths
  /** The row of buttons below; the deed that goes on stands last. */
  deeds?: ReactNode
  children?: ReactNode
}

/** One step: what it is for, what there is to do, and how to go on. */
export function StepBody({ title, sentence, width = 'middle', deeds, children }: StepBodyProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  // Who came here by a button that is gone now is put where the step begins.
  useEffect(() => {
    if (document.activeElement === document.body) heading.current?.focus({ preventScroll: true })
  }, [])
  return (
    <div className={cx('mx-auto mt-6 flex w-full flex-col sm:mt-9', widths[width])}>
      <h1 ref={heading} tabIndex={-1} className="outline-none">
        {title}
      </h1>
      <p className="mt-1 mb-5 max-w-[75ch] text-ink-2">{sentence}</p>
      {children}
      {deeds && (
        <footer className="mt-6 flex flex-wrap items-center gap-2 border-t border-line pt-4">{deeds}</footer>
      )}
    </div>
  )
}
