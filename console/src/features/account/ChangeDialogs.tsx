import { type Account, api, emailAddress } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { useForm } from 'react-hook-form'
import { call, factsOf, fieldFaultsOf } from '../../api/client.ts'
import { meQuery } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter, DialogForm } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Checkbox, Field, Input } from '../../ui/Field.tsx'
import { sayDone } from '../../ui/Toast.tsx'
import { NewPassword, passwordRules } from '../identity/NewPassword.tsx'
import { accountQuery } from './queries.ts'

/** A new e-mail address, or the link for the present one once more. */
export function ChangeEmail({ account, onClose }: { account: Account; onClose: () => void }) {
  const queryClient = useQueryClient()
  const form = useForm({
    defaultValues: {
      email: account.pendingEmail ?? (account.emailVerified || !account.sendsMail ? '' : account.email),
      password: '',
    },
  })
  const { setFocus, setValue } = form
  const change = useMutation({
    mutationFn: (body: { email: string; password: string }) => call(api.account.changeEmail, { body }),
    onSuccess: async (changed, { email }) => {
      queryClient.setQueryData(accountQuery.queryKey, changed)
      await queryClient.invalidateQueries({ queryKey: meQuery.queryKey })
      sayDone(
        changed.sendsMail
          ? `A link was sent to ${email}. The address counts once it is opened.`
          : `You sign in with ${changed.email} from now on.`,
      )
      onClose()
    },
  })
  const { error } = change
  const faults = fieldFaultsOf(error)
  useEffect(() => {
    if (!error) return
    setValue('password', '')
    setFocus('email' in fieldFaultsOf(error) ? 'email' : 'password')
  }, [error, setFocus, setValue])
  const { errors } = form.formState
  return (
    <Dialog
      open
      onClose={onClose}
      title="Change your e-mail address"
      description={
        account.sendsMail
          ? 'You sign in with it. A link is sent there, and until it is opened everything stays as it is.'
          : 'You sign in with it. This Berth sends no e-mail, so the new address counts at once: mind the spelling.'
      }
    >
      <DialogForm
        onSubmit={form.handleSubmit((body) => change.mutate({ ...body, email: body.email.trim() }))}
      >
        <DialogBody>
          <Field label="New e-mail" error={errors.email?.message ?? faults.email}>
            <Input
              type="email"
              autoComplete="email"
              {...form.register('email', {
                validate: (email) =>
                  emailAddress.safeParse(email.trim()).success || 'Type an e-mail such as ada@example.org.',
              })}
            />
          </Field>
          <Field label="Password" error={errors.password?.message ?? faults.password}>
            <Input
              type="password"
              autoComplete="current-password"
              {...form.register('password', { required: 'Type your password.' })}
            />
          </Field>
          {error && !faults.email && !faults.password && <ErrorPanel {...factsOf(error)} />}
        </DialogBody>
        <DialogFooter>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" pending={change.isPending && 'Changing…'}>
            {account.sendsMail ? 'Send the link' : 'Change address'}
          </Button>
        </DialogFooter>
      </DialogForm>
    </Dialog>
  )
}

/** A new password for who knows the present one. */
export function ChangePassword({ onClose }: { onClose: () => void }) {
  const queryClient = useQueryClient()
  const form = useForm({
    defaultValues: { currentPassword: '', newPassword: '', again: '', revokeTokens: false },
  })
  const { setFocus, setValue } = form
  const change = useMutation({
    mutationFn: (body: { currentPassword: string; newPassword: string; revokeTokens: boolean }) =>
      call(api.account.changePassword, { body }),
    onSuccess: async (_, { revokeTokens }) => {
      await queryClient.invalidateQueries({ queryKey: ['account'] })
      if (revokeTokens) await queryClient.invalidateQueries({ queryKey: ['tokens'] })
      sayDone(
        revokeTokens
          ? 'Password changed. Every other sign-in of yours has ended, and your API tokens are revoked.'
          : 'Password changed. Every other sign-in of yours has ended.',
      )
      onClose()
    },
  })
  const { error } = change
  const faults = fieldFaultsOf(error)
  useEffect(() => {
    if (!error || 'newPassword' in fieldFaultsOf(error)) return
    setValue('currentPassword', '')
    setFocus('currentPassword')
  }, [error, setFocus, setValue])
  const { errors } = form.formState
  return (
    <Dialog
      open
      onClose={onClose}
      title="Change your password"
      description="Every other sign-in of yours ends; this one goes on."
    >
      <DialogForm
        onSubmit={form.handleSubmit(({ currentPassword, newPassword, revokeTokens }) =>
          change.mutate({ currentPassword, newPassword, revokeTokens }),
        )}
      >
        <DialogBody>
          <Field label="Present password" error={errors.currentPassword?.message ?? faults.currentPassword}>
            <Input
              type="password"
              autoComplete="current-password"
              {...form.register('currentPassword', { required: 'Type your present password.' })}
            />
          </Field>
          <NewPassword
            label="New password"
            error={errors.newPassword?.message ?? faults.newPassword}
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
            label="Revoke my API tokens, too"
            hint="What uses them stops at once. Otherwise they go on working; service tokens of workspaces do in any case."
            {...form.register('revokeTokens')}
          />
          {error && !faults.currentPassword && !faults.newPassword && <ErrorPanel {...factsOf(error)} />}
        </DialogBody>
        <DialogFooter>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" pending={change.isPending && 'Changing…'}>
            Change password
          </Button>
        </DialogFooter>
      </DialogForm>
    </Dialog>
  )
}
