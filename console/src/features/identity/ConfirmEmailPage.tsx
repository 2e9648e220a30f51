import { api } from '@berth/contracts'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { MailCheck } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useForm } from 'react-hook-form'
import { signIn } from '../../api/auth.ts'
import { call, factsOf, fieldFaultsOf, isCode } from '../../api/client.ts'
import { meQuery } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { AskAgain } from './AskAgain.tsx'
import { useLinkToken } from './useLinkToken.ts'
import { WaitToConfirm } from './WaitToConfirm.tsx'
import { linkLook, WayIn } from './WayIn.tsx'

/** How often somebody who waits here is asked for: the link may be opened on another device. */
const everyMs = 4000

/** Where the link leads that was sent to an e-mail address; without one, where its owner waits for it. */
export function ConfirmEmailPage() {
  const token = useLinkToken('/confirm-email')
  return (
    <WayIn title="Confirm an e-mail address">
      <h1 className="mt-6 mb-4">Confirm {token ? 'an' : 'your'} e-mail address</h1>
      <div className="flex flex-col gap-4">
        {token ? <Confirmation key={token} token={token} /> : <WithoutLink missing />}
      </div>
    </WayIn>
  )
}

/** A link that is good for nothing says so at once; any other one takes the password. */
function Confirmation({ token }: { token: string }) {
  const looked = useQuery({
    queryKey: ['confirm-email', token],
    queryFn: () => call(api.account.confirmEmail, { body: { token } }).catch(unlessAsked),
    staleTime: Infinity,
  })
  if (looked.isPending) return <Skeleton className="h-24 w-full" />
  if (looked.isError) return <Refused error={looked.error} onRetry={() => void looked.refetch()} />
  return <ConfirmForm token={token} />
}

function unlessAsked(error: Error): null {
  if (fieldFaultsOf(error).password) return null
  throw error
}

const isFinal = (error: unknown) =>
  isCode(error, 'not_found') || isCode(error, 'invalid_state') || isCode(error, 'duplicate')

function Refused({ error, onRetry }: { error: Error; onRetry: () => void }) {
  return (
    <>
      <ErrorPanel {...factsOf(error)} {...(isFinal(error) ? {} : { onRetry })} />
      {isFinal(error) && !isCode(error, 'duplicate') && <WithoutLink />}
    </>
  )
}

/** Mailbox and password together: whoever only opens a letter confirms nothing that somebody else made with their address. */
function ConfirmForm({ token }: { token: string }) {
  const queryClient = useQueryClient()
  const { data: me } = useQuery(meQuery)
  const { next } = useSearch({ from: '/confirm-email' })
  const navigate = useNavigate()
  const form = useForm({ defaultValues: { password: '' } })
  const confirm = useMutation({
    mutationFn: async (password: string) => {
      const { email } = await call(api.account.confirmEmail, { body: { token, password } })
      // Who has shown mailbox and password is let in; with a second factor they sign in as always.
      if (!me) await signIn({ email, password }).catch(() => undefined)
      return { email }
    },
    onSuccess: async () => {
      void queryClient.invalidateQueries({ queryKey: ['account'] })
      const entered = await queryClient.fetchQuery({ ...meQuery, staleTime: 0 })
      if (!me && entered) await navigate({ to: '/', search: { next }, replace: true })
    },
    onError: () => form.setValue('password', ''),
  })
  const { error } = confirm
  const fault = form.formState.errors.password?.message ?? fieldFaultsOf(error).password
  const { setFocus } = form
  useEffect(() => {
    if (error) setFocus('password')
  }, [error, setFocus])
  if (error && isFinal(error)) return <Refused error={error} onRetry={confirm.reset} />
  if (confirm.data)
    return (
      <>
        <p role="status" className="flex items-start gap-2.5">
          <MailCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-good" />
          <span className="min-w-0">
            <b className="font-semibold break-words">{confirm.data.email}</b> is confirmed. From now on you
            sign in with it.
          </span>
        </p>
        <Onward />
      </>
    )
  return (
    <form
      noValidate
      className="flex flex-col gap-3.5"
      onSubmit={form.handleSubmit(({ password }) => confirm.mutate(password))}
    >
      <Field
        label="Password"
        hint="The one you chose when you signed up; for another address, that of your account."
        error={fault}
      >
        <Input
          autoFocus
          type="password"
          autoComplete="current-password"
          {...form.register('password', { required: 'Type the password of the account.' })}
        />
      </Field>
      {error && !fault && <ErrorPanel {...factsOf(error)} />}
      <Button
        type="submit"
        look="primary"
        className="self-start"
        pending={confirm.isPending && 'Confirming…'}
      >
        Confirm address
      </Button>
      <p className="mt-1.5 text-ink-2">
        You chose none, or forgot it?{' '}
        <Link to="/" search={{ view: 'forgot', next }} className={linkLook}>
          Set a new password
        </Link>
      </p>
    </form>
  )
}

/** What is there for somebody whose link is missing or good for nothing. */
function WithoutLink({ missing = false }: { missing?: boolean }) {
  const { next } = useSearch({ from: '/confirm-email' })
  const navigate = useNavigate()
  const { data: me, isPending } = useQuery({
    ...meQuery,
    refetchInterval: ({ state }) => (state.data?.confirmEmail ? everyMs : false),
  })
  const waits = me?.confirmEmail === 'must'
  const [waited, setWaited] = useState(waits)
  if (waits && !waited) setWaited(true)
  const goesOn = me?.confirmEmail === null && (waited || next !== undefined)
  useEffect(() => {
    if (goesOn) void navigate({ to: '/', search: { next }, replace: true })
  }, [goesOn, navigate, next])
  if (isPending || goesOn) return <Skeleton className="h-12 w-full" />
  if (waits)
    return (
      <div>
        <WaitToConfirm />
      </div>
    )
  return (
    <>
      {missing && (
        <ErrorPanel sentence="This link is incomplete: its secret is missing. Open it from the e-mail again, or ask for another one." />
      )}
      <AskAgain />
      <Onward />
    </>
  )
}

function Onward() {
  const { data: me } = useQuery(meQuery)
  return (
    <p>
      {me ? (
        <Link to="/console/account" className={linkLook}>
          Go to your account
        </Link>
      ) : (
        <Link to="/" search={{ view: 'sign-in' }} className={linkLook}>
          Sign in
        </Link>
      )}
    </p>
  )
}
