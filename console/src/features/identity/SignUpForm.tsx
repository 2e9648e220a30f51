import { emailAddress } from '@berth/contracts'
import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useForm } from 'react-hook-form'
import { signUp } from '../../api/auth.ts'
import { factsOf, fieldFaultsOf, isCode } from '../../api/client.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { keptToken } from '../invitations/keptToken.ts'
import { LetterSent } from './LetterSent.tsx'
import { NewPassword, passwordRules } from './NewPassword.tsx'
import { useEnter } from './useEnter.ts'
import { linkLook } from './WayIn.tsx'

export interface SignUpFormProps {
  /** Whether nobody has an account yet: then it is the operator's. */
  fresh: boolean
  needsCode: boolean
  /** What an account is for, for those whose it is not to run the installation. */
  sentence?: string
  /** Where to go on, for those who have an account already. */
  next?: string | undefined
}

/** A new account; on a fresh installation the operator's. */
export function SignUpForm({ fresh, needsCode, sentence, next }: SignUpFormProps) {
  const enter = useEnter()
  const form = useForm({ defaultValues: { name: '', email: '', password: '', setupCode: '' } })
  const create = useMutation({
    mutationFn: signUp,
    onSuccess: (isSignedIn) => (isSignedIn ? enter() : undefined),
  })
  const { errors } = form.formState
  const asksCode = fresh && needsCode
  const faults = fieldFaultsOf(create.error)
  const wrongCode = isCode(create.error, 'setup_code_required') ? factsOf(create.error).sentence : undefined
  if (create.data === false) return <LetterSent email={create.variables.email} next={next} />
  return (
    <>
      <h1 className="mt-6">{fresh ? 'Set up this Berth' : 'Create an account'}</h1>
      {(fresh || sentence) && (
        <p className="mt-1 text-ink-2">
          {fresh
            ? 'Nobody has an account here yet. The first one becomes the operator, who runs the installation.'
            : sentence}
        </p>
      )}
      <form
        noValidate
        className="mt-4 flex flex-col gap-3.5"
        onSubmit={form.handleSubmit(({ setupCode, ...values }) =>
          create.mutate({
            ...values,
            name: values.name.trim(),
            email: values.email.trim(),
            setupCode: asksCode ? setupCode : undefined,
            invitation: next?.startsWith('/onboarding/invite') ? (keptToken() ?? undefined) : undefined,
          }),
        )}
      >
        <Field label="Your name" error={errors.name?.message ?? faults.name}>
          <Input
            autoFocus
            autoComplete="name"
            {...form.register('name', {
              validate: (name) => name.trim() !== '' || 'Type your name; others see it beside what you do.',
            })}
          />
        </Field>
        <Field label="E-mail" error={errors.email?.message ?? faults.email}>
          <Input
            type="email"
            autoComplete="username"
            {...form.register('email', {
              validate: (email) =>
                emailAddress.safeParse(email.trim()).success || 'Type an e-mail such as ada@example.org.',
            })}
          />
        </Field>
        <NewPassword
          label="Password"
          error={errors.password?.message ?? faults.password}
          {...form.register('password', passwordRules)}
        />
        {asksCode && (
          <Field
            label="Set-up code"
            error={errors.setupCode?.message ?? wrongCode}
            hint="The server printed it when it started. It proves that you may claim this installation."
          >
            <Input
              className="font-mono"
              autoComplete="one-time-code"
              {...form.register('setupCode', { required: 'Copy it from where Berth was started.' })}
            />
          </Field>
        )}
        {create.error && Object.keys(faults).length === 0 && !(asksCode && wrongCode) && (
          <ErrorPanel {...factsOf(create.error)} />
        )}
        <Button type="submit" look="primary" className="self-start" pending={create.isPending && 'Creating…'}>
          Create account
        </Button>
      </form>
      {!fresh && (
        <p className="mt-5 text-ink-2">
          Already have one?{' '}
          <Link to="/" search={{ view: 'sign-in', next }} className={linkLook}>
            Sign in
          </Link>
        </p>
      )}
    </>
  )
}
