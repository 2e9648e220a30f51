import type { ComponentProps } from 'react'
import { cx } from './cx.ts'

/** A dense table: rows of 36 px, fixed columns, so that stacked tables line up. */
export function Table({ className, ...rest }: ComponentProps<'table'>) {
  return <table {...rest} className={cx('w-full table-fixed border-collapse text-xs', className)} />
}

export function Th({ numeric, className, ...rest }: ComponentProps<'th'> & { numeric?: boolean }) {
  return (
    <th
      scope="col"
      {...rest}
      className={cx(
        'h-7 truncate border-b border-line px-1.5 text-2xs font-[550] text-ink-3 first:pl-3 last:pr-3',
        numeric ? 'pr-3 text-right' : 'text-left',
        className,
      )}
    />
  )
}

/** A column of quiet buttons: their words end where its heading does. */
export const actionCell = '!overflow-visible !pr-1'

export function Td({ numeric, className, ...rest }: ComponentProps<'td'> & { numeric?: boolean }) {
  return (
    <td
      {...rest}
      className={cx(
        'h-9 truncate border-b border-line-soft px-1.5 group-last/row:border-b-0 first:pl-3 last:pr-3',
        numeric && 'pr-3 text-right tabular-nums',
        className,
      )}
    />
  )
}
