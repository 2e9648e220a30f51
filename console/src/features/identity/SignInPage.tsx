import { api } from '@berth/contracts'
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useRouter, useSearch } from '@tanstack/react-router'
import { useForm } from 'react-hook-form'
import { signIn, signUp } from '../../api/auth.ts'
import { call, factsOf } from '../../api/client.ts'
import { meQuery } from '../../app/session.ts'
import { Brand } from '../../shell/Brand.tsx'
import { Button } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'

const setupQuery = queryOptions({
  queryKey: ['setup'],
  queryFn: ({ signal }) => call(api.identity.setup, {}, { signal }),
})

/** The way in: sign in, sign up, and on a fresh installation the first account. */
export function SignInPage() {
  const search = useSearch({ from: '/' })
  const setup = useQuery(setupQuery)
  const fresh = setup.data?.operatorClaimed === false
  const view = search.view ?? (fresh ? 'sign-up' : 'sign-in')
  return (
    <main className="mx-auto flex min-h-full w-full max-w-[400px] flex-col px-5 pt-[14vh] pb-10">
      <title>{`${view === 'sign-in' ? 'Sign in' : 'Create an account'} · Berth`}</title>
      <Brand />
      {setup.isError && (
        <div className="mt-6">
          <ErrorPanel {...factsOf(setup.error)} onRetry={() => void setup.refetch()} />
        </div>
      )}
      {setup.isPending && <FormSkeleton />}
      {setup.data && view === 'sign-in' && <SignInForm />}
      {setup.data && view === 'sign-up' && (
        <SignUpForm fresh={fresh} needsCode={setup.data.setupCodeRequired} />
      )}
      {setup.data && <p className="mt-10 text-xs text-ink-3">Berth {setup.data.version}</p>}
    </main>
  )
}

function FormSkeleton() {
  return (
    <div className="mt-7 flex flex-col gap-4" aria-busy="true" aria-label="Loading">
      <Skeleton className="h-6 w-24" />
      <Skeleton className="h-12 w-full" />
      <Skeleton className="h-12 w-full" />
      <Skeleton className="h-[30px] w-20" />
    </div>
  )
}

/** After the server took a sign-in: ask who that is, and go on to where the person was going. */
function useEnter() {
  const queryClient = useQueryClient()
  const router = useRouter()
  return async () => {
    await queryClient.fetchQuery({ ...meQuery, staleTime: 0 })
    await router.invalidate()
  }
}

function SignInForm() {
  const { next } = useSearch({ from: '/' })
  const enter = useEnter()
  const form = useForm({ defaultValues: { email: '', password: '' } })
  const enterWith = useMutation({ mutationFn: signIn, onSuccess: enter })
  const { errors } = form.formState
  return (
    <>
      <h1 className="mt-6">Sign in</h1>
      <form
        noValidate
        className="mt-4 flex flex-col gap-3.5"
        onSubmit={form.handleSubmit((values) => enterWith.mutate(values))}
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
        {enterWith.error && <ErrorPanel {...factsOf(enterWith.error)} />}
        <Button
          type="submit"
          look="primary"
          className="self-start"
          pending={enterWith.isPending && 'Signing in…'}
        >
          Sign in
        </Button>
      </form>
      <p className="mt-5 text-ink-2">
        No account yet?{' '}
        <Link
          to="/"
          search={{ view: 'sign-up', next }}
          className="font-[550] text-accent underline underline-offset-2"
        >
          Create one
        </Link>
      </p>
    </>
  )
}

const minPassword = 8

function SignUpForm({ fresh, needsCode }: { fresh: boolean; needsCode: boolean }) {
  const { next } = useSearch({ from: '/' })
  const enter = useEnter()
  const form = useForm({ defaultValues: { name: '', email: '', password: '', setupCode: '' } })
  const create = useMutation({ mutationFn: signUp, onSuccess: enter })
  const { errors } = form.formState
  const asksCode = fresh && needsCode
  return (
    <>
      <h1 className="mt-6">{fresh ? 'Set up this Berth' : 'Create an account'}</h1>
      {fresh && (
        <p className="mt-1 text-ink-2">
          Nobody has an account here yet. The first one becomes the operator, who runs the installation.
        </p>
      )}
      <form
        noValidate
        className="mt-4 flex flex-col gap-3.5"
        onSubmit={form.handleSubmit(({ setupCode, ...values }) =>
          create.mutate({ ...values, name: values.name.trim(), setupCode: asksCode ? setupCode : undefined }),
        )}
      >
        <Field label="Your name" error={errors.name?.message}>
          <Input
            autoFocus
            autoComplete="name"
            {...form.register('name', {
              validate: (name) => name.trim() !== '' || 'Others will see it; type it.',
            })}
          />
        </Field>
        <Field label="E-mail" error={errors.email?.message}>
          <Input
            type="email"
            autoComplete="username"
            {...form.register('email', {
              validate: (email) =>
                /^\S+@\S+$/.test(email.trim()) || 'Type an e-mail such as ada@example.org.',
            })}
          />
        </Field>
        <Field label="Password" error={errors.password?.message} hint={`At least ${minPassword} characters.`}>
          <Input
            type="password"
            autoComplete="new-password"
            {...form.register('password', {
              minLength: { value: minPassword, message: `Use at least ${minPassword} characters.` },
              required: `Use at least ${minPassword} characters.`,
            })}
          />
        </Field>
        {asksCode && (
          <Field
            label="Set-up code"
            error={errors.setupCode?.message}
            hint="The server printed it when it started. It proves that you may claim this installation."
          >
            <Input
              className="font-mono"
              autoComplete="one-time-code"
              {...form.register('setupCode', { required: 'Copy it from where Berth was started.' })}
            />
          </Field>
        )}
        {create.error && <ErrorPanel {...factsOf(create.error)} />}
        <Button type="submit" look="primary" className="self-start" pending={create.isPending && 'Creating…'}>
          Create account
        </Button>
      </form>
      {!fresh && (
        <p className="mt-5 text-ink-2">
          You have one?{' '}
          <Link
            to="/"
            search={{ view: 'sign-in', next }}
            className="font-[550] text-accent underline underline-offset-2"
          >
            Sign in
          </Link>
        </p>
      )}
    </>
  )
}
