import { type Account, api } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useForm } from 'react-hook-form'
import { call, factsOf, fieldFaultsOf } from '../../api/client.ts'
import { meQuery } from '../../app/session.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Panel } from '../../ui/Panel.tsx'
import { sayDone } from '../../ui/Toast.tsx'
import { accountQuery } from './queries.ts'

export interface ProfileProps {
  account: Account
  onChange: (what: 'email' | 'password') => void
}

/** Name, e-mail address and password. */
export function Profile({ account, onChange }: ProfileProps) {
  const { email, emailVerified, pendingEmail, sendsMail } = account
  const unconfirmed = !emailVerified && sendsMail
  return (
    <Panel title="You">
      <div className="flex flex-col gap-4">
        <NameForm key={account.name} name={account.name} />
        <Row
          name="E-mail"
          action={
            <Button onClick={() => onChange('email')}>
              {unconfirmed ? 'Change or confirm…' : 'Change…'}
            </Button>
          }
        >
          <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
            <span className="break-all">{email}</span>
            {emailVerified && <Badge tone="good">confirmed</Badge>}
            {unconfirmed && <Badge tone="wait">not confirmed</Badge>}
          </span>
          {pendingEmail !== null && (
            <span className="mt-0.5 block text-xs text-ink-3">
              A link was sent to <b className="font-[550] break-all">{pendingEmail}</b>
              {pendingEmail === email
                ? '; opening it shows that the address is yours.'
                : '; the new address counts once it is opened.'}
            </span>
          )}
        </Row>
        <Row name="Password" action={<Button onClick={() => onChange('password')}>Change…</Button>}>
          <span className="text-ink-3">
            Known to you alone. A new one ends your other sign-ins, and API tokens if you say so.
          </span>
        </Row>
      </div>
    </Panel>
  )
}

function Row({ name, action, children }: { name: string; action: ReactNode; children: ReactNode }) {
  return (
    <div className="flex items-start justify-between gap-3">
      <div className="min-w-0">
        <p className="text-xs font-[550]">{name}</p>
        {children}
      </div>
      {action}
    </div>
  )
}

function NameForm({ name }: { name: string }) {
  const queryClient = useQueryClient()
  const form = useForm({ defaultValues: { name } })
  const save = useMutation({
    mutationFn: (body: { name: string }) => call(api.account.changeName, { body }),
    onSuccess: async (account) => {
      queryClient.setQueryData(accountQuery.queryKey, account)
      await queryClient.invalidateQueries({ queryKey: meQuery.queryKey })
      void queryClient.invalidateQueries({ queryKey: ['people'] })
      sayDone('Name saved.')
    },
  })
  const fault = form.formState.errors.name?.message ?? fieldFaultsOf(save.error).name
  return (
    <form
      noValidate
      className="flex flex-col gap-3"
      onSubmit={form.handleSubmit((values) => save.mutate({ name: values.name.trim() }))}
    >
      <div className="flex items-start gap-3">
        <div className="max-w-[360px] flex-1">
          <Field label="Name" error={fault} hint="Others see it beside what you did.">
            <Input
              autoComplete="name"
              {...form.register('name', { validate: (text) => text.trim() !== '' || 'Type your name.' })}
            />
          </Field>
        </div>
        <Button
          type="submit"
          className="mt-[23px] ml-auto"
          whyNot={form.formState.isDirty ? null : 'Nothing has been changed.'}
          pending={save.isPending && 'Saving…'}
        >
          Save
        </Button>
      </div>
      {save.error && !fault && <ErrorPanel {...factsOf(save.error)} />}
    </form>
  )
}
