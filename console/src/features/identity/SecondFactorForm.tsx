import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { needsSecondFactor, signIn } from '../../api/auth.ts'
import { factsOf, fieldFaultsOf } from '../../api/client.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { useEnter } from './useEnter.ts'
import { linkLook } from './WayIn.tsx'

export interface SecondFactorFormProps {
  given: { email: string; password: string }
  onBack: () => void
}

/** The second step of signing in: a code of the app, or a recovery code where the app is out of reach. */
export function SecondFactorForm({ given, onBack }: SecondFactorFormProps) {
  const enter = useEnter()
  const [recovery, setRecovery] = useState(false)
  const form = useForm({ defaultValues: { code: '' } })
  const enterWith = useMutation({
    mutationFn: ({ code }: { code: string }) => signIn({ ...given, code }),
    onSuccess: enter,
  })
  const fault = fieldFaultsOf(enterWith.error).code
  return (
    <>
      <h1 className="mt-6">{recovery ? 'Use a recovery code' : 'Enter your code'}</h1>
      <p className="mt-1 text-ink-2">
        {recovery
          ? 'One of those you were shown when you turned the second factor on. Each is good for one sign-in.'
          : `The password is right. Now the six digits that your authenticator app shows for ${given.email}.`}
      </p>
      <form
        noValidate
        className="mt-4 flex flex-col gap-3.5"
        onSubmit={form.handleSubmit((values) => enterWith.mutate(values))}
      >
        <Field
          label={recovery ? 'Recovery code' : 'Code'}
          error={form.formState.errors.code?.message ?? fault}
        >
          <Input
            key={String(recovery)}
            autoFocus
            className="font-mono tracking-[0.1em]"
            autoComplete={recovery ? 'off' : 'one-time-code'}
            inputMode={recovery ? 'text' : 'numeric'}
            {...form.register('code', {
              validate: (code) =>
                code.trim() !== '' ||
                (recovery ? 'Type one of your recovery codes.' : 'Type the six digits.'),
            })}
          />
        </Field>
        {enterWith.error && !(fault && needsSecondFactor(enterWith.error)) && (
          <ErrorPanel {...factsOf(enterWith.error)} />
        )}
        <div className="flex items-center gap-2">
          <Button type="submit" look="primary" pending={enterWith.isPending && 'Signing in…'}>
            Sign in
          </Button>
          <Button look="quiet" onClick={onBack}>
            Start again
          </Button>
        </div>
      </form>
      <div className="mt-5">
        <button
          type="button"
          className={linkLook}
          onClick={() => {
            setRecovery(!recovery)
            form.reset()
            enterWith.reset()
          }}
        >
          {recovery ? 'Use the app instead' : 'The app is out of reach? Use a recovery code'}
        </button>
        <p className="mt-1 text-xs text-ink-3">
          Without either, an operator of this installation can take the second factor off your account.
        </p>
      </div>
    </>
  )
}
