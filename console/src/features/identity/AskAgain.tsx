import { api, emailAddress } from '@berth/contracts'
import { useMutation } from '@tanstack/react-query'
import { MailCheck } from 'lucide-react'
import { useForm } from 'react-hook-form'
import { call, factsOf, fieldFaultsOf } from '../../api/client.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field, Input } from '../../ui/Field.tsx'

/** Asks for another link where one did not do. What is answered never tells whether the address waits for one. */
export function AskAgain() {
  const form = useForm({ defaultValues: { email: '' } })
  const ask = useMutation({
    mutationFn: (body: { email: string }) => call(api.account.resendConfirmation, { body }),
  })
  const fault = form.formState.errors.email?.message ?? fieldFaultsOf(ask.error).email
  if (ask.data?.sendsMail)
    return (
      <p role="status" className="flex items-start gap-2.5">
        <MailCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-ink-3" />
        <span className="min-w-0">
          If <b className="font-semibold break-words">{ask.variables.email}</b> waits to be confirmed, another
          link is on its way there.
        </span>
      </p>
    )
  if (ask.data)
    return (
      <p role="status" className="text-ink-2">
        This Berth sends no e-mail: addresses need not be confirmed here.
      </p>
    )
  return (
    <form
      noValidate
      className="flex flex-col gap-3.5"
      onSubmit={form.handleSubmit(({ email }) => ask.mutate({ email: email.trim() }))}
    >
      <Field label="E-mail" hint="The address that is to be confirmed." error={fault}>
        <Input
          type="email"
          autoComplete="username"
          {...form.register('email', {
            validate: (email) =>
              emailAddress.safeParse(email.trim()).success || 'Type an e-mail such as ada@example.org.',
          })}
        />
      </Field>
      {ask.error && !fault && <ErrorPanel {...factsOf(ask.error)} />}
      <Button type="submit" className="self-start" pending={ask.isPending && 'Sending…'}>
        Send another link
      </Button>
    </form>
  )
}
