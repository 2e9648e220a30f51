import { passwordLength } from '@berth/contracts'
import type { ComponentProps } from 'react'
import { Field, Input } from '../../ui/Field.tsx'

export interface NewPasswordProps extends ComponentProps<typeof Input> {
  label: string
  error?: string | undefined
  /** Typed a second time: nothing more is to be said of it. */
  again?: boolean
}

/** A password that is being chosen. */
export function NewPassword({ label, error, again, ...rest }: NewPasswordProps) {
  return (
    <Field
      label={label}
      error={error}
      hint={
        !again &&
        `At least ${passwordLength.min} characters; a few words are easier to remember than symbols.`
      }
    >
      <Input {...rest} type="password" autoComplete="new-password" />
    </Field>
  )
}

const tooShort = `Use at least ${passwordLength.min} characters.`

/** What a chosen password must be, as the server sees it. */
export const passwordRules = {
  required: tooShort,
  minLength: { value: passwordLength.min, message: tooShort },
  maxLength: { value: passwordLength.max, message: `Use at most ${passwordLength.max} characters.` },
}
