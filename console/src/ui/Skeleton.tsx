import { cx } from './cx.ts'

/** A grey bar where text will be. */
export function Skeleton({ className }: { className?: string }) {
  return <span aria-hidden className={cx('block h-3 animate-pulse rounded-sm bg-idle-bg', className)} />
}
