import { LoaderCircle } from 'lucide-react'
import type { ComponentProps, ReactNode } from 'react'
import { cx } from './cx.ts'
import { Tooltip } from './Tooltip.tsx'

const looks = {
  primary: 'border-accent bg-accent text-accent-ink hover:bg-accent-hover hover:border-accent-hover',
  plain: 'border-line bg-panel text-ink hover:bg-bg hover:border-line-strong',
  danger: 'border-bad bg-panel text-bad hover:bg-bad-bg',
  quiet: 'border-transparent bg-transparent text-ink-2 hover:bg-idle-bg hover:text-ink',
}

export interface ButtonProps extends Omit<ComponentProps<'button'>, 'disabled'> {
  look?: keyof typeof looks
  /** What it is doing now; the button waits and says so. */
  pending?: string | false
  /** Why it cannot be pressed; shown on hover and focus. Present: the button is off. */
  whyNot?: string | null
  icon?: ReactNode
}

/** The look of a button, for a link that is the one thing to do. */
export const buttonLook = (look: keyof typeof looks): string =>
  cx(
    'inline-flex h-[30px] shrink-0 items-center justify-center gap-1.5 rounded-md border px-3 text-sm font-[550] whitespace-nowrap select-none',
    looks[look],
  )

/** A button. One that is off stays focusable, so that its reason can be read. */
export function Button({
  look = 'plain',
  pending = false,
  whyNot,
  icon,
  className,
  children,
  onClick,
  type = 'button',
  ...rest
}: ButtonProps) {
  const off = Boolean(whyNot) || Boolean(pending)
  const button = (
    <button
      {...rest}
      type={off ? 'button' : type}
      aria-disabled={off || undefined}
      aria-busy={pending ? true : undefined}
      onClick={off ? (event) => event.preventDefault() : onClick}
      className={cx(
        buttonLook(look),
        whyNot && 'pointer-events-auto !text-ink-3',
        // One that is off must not stand out more than one that is on.
        whyNot && (look === 'quiet' ? '!bg-transparent !font-normal' : '!border-line !bg-idle-bg'),
        className,
      )}
    >
      {pending ? <LoaderCircle aria-hidden className="size-3.5 animate-spin" /> : icon}
      {pending || children}
    </button>
  )
  return whyNot ? <Tooltip text={whyNot}>{button}</Tooltip> : button
}

/** A square button that shows only an icon; `label` is its name and its tooltip. */
export function IconButton({
  label,
  className,
  children,
  ...rest
}: ComponentProps<'button'> & { label: string }) {
  return (
    <Tooltip text={label}>
      <button
        type="button"
        aria-label={label}
        {...rest}
        className={cx(
          'inline-flex size-[30px] shrink-0 items-center justify-center rounded-md text-ink-3 hover:bg-idle-bg hover:text-ink',
          className,
        )}
      >
        {children}
      </button>
    </Tooltip>
  )
}
