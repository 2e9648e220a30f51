import { useMutation } from '@tanstack/react-query'
import { Link, useSearch } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { useForm } from 'react-hook-form'
import { needsSecondFactor, signIn } from '../../api/auth.ts'
import { factsOf } from '../../api/client.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { SecondFactorForm } from './SecondFactorForm.tsx'
import { useEnter } from './useEnter.ts'
import { linkLook } from './WayIn.tsx'

interface Given {
  email: string
  password: string
}

/** Signing in: e-mail and password, then the code where the account asks for one. */
export function SignInForm() {
  const { next } = useSearch({ from: '/' })
  const enter = useEnter()
  // Kept in memory between the two steps, since the server keeps no half of a sign-in.
  const [halfway, setHalfway] = useState<Given | null>(null)
  const form = useForm<Given>({ defaultValues: { email: '', password: '' } })
  const enterWith = useMutation({
    mutationFn: signIn,
    onSuccess: enter,
    onError: (error, given) => {
      if (needsSecondFactor(error)) setHalfway(given)
      form.setValue('password', '')
    },
  })
  const { errors } = form.formState
  const refused = enterWith.error && !needsSecondFactor(enterWith.error) ? enterWith.error : null
  const { setFocus } = form
  useEffect(() => {
    if (refused) setFocus('password')
  }, [refused, setFocus])
  if (halfway)
    return (
      <SecondFactorForm
        given={halfway}
        onBack={() => {
          setHalfway(null)
          enterWith.reset()
        }}
      />
    )
  return (
    <>
      <h1 className="mt-6">Sign in</h1>
      <form
        noValidate
        className="mt-4 flex flex-col gap-3.5"
        onSubmit={form.handleSubmit((values) => enterWith.mutate({ ...values, email: values.email.trim() }))}
      >
        <Field label="E-mail" error={errors.email?.message}>
          <Input
            autoFocus
            type="email"
            autoComplete="username"
            {...form.register('email', { required: 'Type the e-mail of your account.' })}
          />
        </Field>
        <Field label="Password" error={errors.password?.message}>
          <Input
            type="password"
            autoComplete="current-password"
            {...form.register('password', { required: 'Type your password.' })}
          />
        </Field>
        {refused && <ErrorPanel {...factsOf(refused)} />}
        <div className="flex items-center justify-between gap-3">
          <Button type="submit" look="primary" pending={enterWith.isPending && 'Signing in…'}>
            Sign in
          </Button>
          <Link to="/" search={{ view: 'forgot', next }} className={linkLook}>
            Forgot your password?
          </Link>
        </div>
      </form>
      <p className="mt-5 text-ink-2">
        No account yet?{' '}
        {next ? (
          <Link to="/" search={{ view: 'sign-up', next }} className={linkLook}>
            Create one
          </Link>
        ) : (
          <Link to="/onboarding" className={linkLook}>
            Create one
          </Link>
        )}
      </p>
    </>
  )
}
