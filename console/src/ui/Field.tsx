import { Field as Base } from '@base-ui/react/field'
import type { ComponentProps, ReactElement, ReactNode } from 'react'
import { ControlOf } from './controlOf.ts'
import { cx } from './cx.ts'

export interface FieldProps {
  label: string
  hint?: ReactNode
  /** What is wrong with it, as a sentence. */
  error?: string | undefined
  optional?: boolean
  children: ReactNode
}

const asControl = (button: ReactElement) => <Base.Control render={button} />

/** A label, a control, what it means and what is wrong with it, tied together for assistive technology. */
export function Field({ label, hint, error, optional, children }: FieldProps) {
  return (
    <Base.Root invalid={Boolean(error)} className="flex min-w-0 flex-col gap-1">
      <Base.Label className="text-xs font-[550] text-ink">
        {label}
        {optional && <span className="ml-1 font-normal text-ink-3">optional</span>}
      </Base.Label>
      <ControlOf value={asControl}>{children}</ControlOf>
      {hint && <Base.Description className="text-xs text-ink-3">{hint}</Base.Description>}
      {error && (
        <Base.Error match className="text-xs font-[550] text-bad">
          {error}
        </Base.Error>
      )}
    </Base.Root>
  )
}

const control =
  'w-full rounded-md border border-line-strong bg-panel px-2.5 text-sm text-ink aria-invalid:border-bad data-[invalid]:border-bad disabled:bg-idle-bg'

/** A one-line text control; inside a Field it is named by it. */
export function Input({ className, ...rest }: ComponentProps<typeof Base.Control>) {
  return <Base.Control {...rest} className={cx(control, 'h-[32px]', className as string)} />
}

/** A control for several lines of text. */
export function TextArea({ className, ...rest }: ComponentProps<'textarea'>) {
  return (
    <Base.Control
      render={<textarea {...rest} />}
      className={cx(control, 'resize-y py-1.5 font-mono text-xs', className)}
    />
  )
}

/** A box to tick with its words beside it. */
export function Checkbox({
  label,
  hint,
  ...rest
}: ComponentProps<'input'> & { label: string; hint?: string }) {
  return (
    <label className="flex items-start gap-2 text-sm">
      <input type="checkbox" {...rest} className="mt-[3px] size-3.5 shrink-0" />
      <span>
        {label}
        {hint && <span className="block text-xs text-ink-3">{hint}</span>}
      </span>
    </label>
  )
}
