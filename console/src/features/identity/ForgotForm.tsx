import { api, emailAddress } from '@berth/contracts'
import { useMutation } from '@tanstack/react-query'
import { Link, useSearch } from '@tanstack/react-router'
import { MailCheck, UserRoundCog } from 'lucide-react'
import { useForm } from 'react-hook-form'
import { call, factsOf, fieldFaultsOf } from '../../api/client.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { linkLook } from './WayIn.tsx'

/** Asks for a link that sets a new password. What is answered never tells whether there is such an account. */
export function ForgotForm() {
  const { next } = useSearch({ from: '/' })
  const form = useForm({ defaultValues: { email: '' } })
  const ask = useMutation({
    mutationFn: (body: { email: string }) => call(api.account.forgotPassword, { body }),
  })
  const fault = form.formState.errors.email?.message ?? fieldFaultsOf(ask.error).email
  return (
    <>
      <h1 className="mt-6">Set a new password</h1>
      {ask.data ? (
        <Asked email={ask.variables.email} sendsMail={ask.data.sendsMail} />
      ) : (
        <>
          <p className="mt-1 text-ink-2">
            A link sets it. Where this Berth sends e-mail, the link comes to your address; elsewhere an
            operator makes one and hands it to you.
          </p>
          <form
            noValidate
            className="mt-4 flex flex-col gap-3.5"
            onSubmit={form.handleSubmit(({ email }) => ask.mutate({ email: email.trim() }))}
          >
            <Field label="E-mail" error={fault}>
              <Input
                autoFocus
                type="email"
                autoComplete="username"
                {...form.register('email', {
                  validate: (email) =>
                    emailAddress.safeParse(email.trim()).success || 'Type an e-mail such as ada@example.org.',
                })}
              />
            </Field>
            {ask.error && !fault && <ErrorPanel {...factsOf(ask.error)} />}
            <Button type="submit" look="primary" className="self-start" pending={ask.isPending && 'Asking…'}>
              Ask for a link
            </Button>
          </form>
        </>
      )}
      <p className="mt-5 text-ink-2">
        You remember it?{' '}
        <Link to="/" search={{ view: 'sign-in', next }} className={linkLook}>
          Sign in
        </Link>
      </p>
    </>
  )
}

function Asked({ email, sendsMail }: { email: string; sendsMail: boolean }) {
  const Icon = sendsMail ? MailCheck : UserRoundCog
  return (
    <div
      role="status"
      className="mt-4 flex items-start gap-2.5 rounded-lg border border-line bg-panel px-3 py-2.5"
    >
      <Icon aria-hidden className="mt-0.5 size-4 shrink-0 text-ink-3" />
      <div className="min-w-0">
        {sendsMail ? (
          <p>
            If there is an account with <b className="font-semibold break-words">{email}</b>, a link is on its
            way there. It is good once, for an hour.
          </p>
        ) : (
          <>
            <p>This Berth sends no e-mail, so nothing was sent. Ask one of its operators for a link.</p>
            <p className="mt-1.5 text-xs text-ink-3">
              They make one with{' '}
              <code className="font-mono break-all">mcpctl admin users reset-link {email}</code>; it is good
              once, for an hour.
            </p>
          </>
        )}
      </div>
    </div>
  )
}
