import { api } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { CircleCheck } from 'lucide-react'
import { useForm } from 'react-hook-form'
import { call, factsOf, fieldFaultsOf, isCode } from '../../api/client.ts'
import { forgetPerson } from '../../app/session.ts'
import { feed } from '../../stream/feed.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Checkbox } from '../../ui/Field.tsx'
import { NewPassword, passwordRules } from './NewPassword.tsx'
import { useLinkToken } from './useLinkToken.ts'
import { linkLook, WayIn } from './WayIn.tsx'

/** Where the link of a forgotten password leads: it sets a new one, once. */
export function ResetPage() {
  const token = useLinkToken('/reset')
  return (
    <WayIn title="Set a new password">
      <h1 className="mt-6">Set a new password</h1>
      {token ? (
        <ResetForm key={token} token={token} />
      ) : (
        <Useless sentence="This link is incomplete: its secret is missing." />
      )}
    </WayIn>
  )
}

function ResetForm({ token }: { token: string }) {
  const queryClient = useQueryClient()
  const form = useForm({ defaultValues: { newPassword: '', again: '', revokeTokens: false } })
  const reset = useMutation({
    mutationFn: (body: { newPassword: string; revokeTokens: boolean }) =>
      call(api.account.resetPassword, { body: { token, ...body } }),
    onSuccess: () => {
      // Every sign-in of the account has ended, this browser's too if it had one.
      feed.signedOut()
      forgetPerson(queryClient)
    },
  })
  const { errors } = form.formState
  const fault = fieldFaultsOf(reset.error).newPassword
  if (reset.isSuccess)
    return (
      <>
        <p role="status" className="mt-4 flex items-start gap-2.5">
          <CircleCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-good" />
          {reset.variables.revokeTokens
            ? 'The new password is set. Every sign-in of the account has ended, and its API tokens are revoked.'
            : 'The new password is set, and every sign-in of the account has ended. Its API tokens go on working.'}
        </p>
        <p className="mt-4">
          <Link to="/" search={{ view: 'sign-in' }} className={linkLook}>
            Sign in with it
          </Link>
        </p>
      </>
    )
  if (isCode(reset.error, 'not_found') || isCode(reset.error, 'invalid_state'))
    return <Useless {...factsOf(reset.error)} />
  return (
    <form
      noValidate
      className="mt-4 flex flex-col gap-3.5"
      onSubmit={form.handleSubmit(({ newPassword, revokeTokens }) =>
        reset.mutate({ newPassword, revokeTokens }),
      )}
    >
      <NewPassword
        autoFocus
        label="New password"
        error={errors.newPassword?.message ?? fault}
        {...form.register('newPassword', passwordRules)}
      />
      <NewPassword
        again
        label="The same again"
        error={errors.again?.message}
        {...form.register('again', {
          validate: (again, { newPassword }) => again === newPassword || 'The two are not the same.',
        })}
      />
      <Checkbox
        label="Revoke the account’s API tokens, too"
        hint="What uses them stops at once. Do it if somebody else may know the old password."
        {...form.register('revokeTokens')}
      />
      {reset.error && !fault && <ErrorPanel {...factsOf(reset.error)} />}
      <p className="text-xs text-ink-3">
        Everyone who is signed in to the account is signed out by this. The link is then used up.
      </p>
      <Button type="submit" look="primary" className="self-start" pending={reset.isPending && 'Setting…'}>
        Set password
      </Button>
    </form>
  )
}

/** A link that leads nowhere, and where another one is to be had. */
function Useless(facts: { sentence: string; code?: string | undefined; requestId?: string | undefined }) {
  return (
    <div className="mt-4 flex flex-col gap-4">
      <ErrorPanel {...facts} />
      <p>
        <Link to="/" search={{ view: 'forgot' }} className={linkLook}>
          Ask for another link
        </Link>
      </p>
    </div>
  )
}
