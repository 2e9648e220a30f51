import { useMutation } from '@tanstack/react-query'
import { type ReactNode, useEffect } from 'react'
import { useForm } from 'react-hook-form'
import { factsOf, fieldFaultsOf } from '../../api/client.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter, DialogForm } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field, Input } from '../../ui/Field.tsx'

export interface Proof {
  password: string
  code: string
}

export interface ProofDialogProps {
  title: string
  children: ReactNode
  /** Whether a code of the second factor is asked for too. */
  withCode: boolean
  deed: string
  doing: string
  look?: 'primary' | 'danger'
  /** Does it; what it throws is shown. */
  act: (proof: Proof) => Promise<void>
  onClose: () => void
}

/** A deed that takes more than being signed in: the password, and the code where there is a second factor. */
export function ProofDialog(props: ProofDialogProps) {
  const { title, children, withCode, deed, doing, look = 'primary', act, onClose } = props
  const form = useForm<Proof>({ defaultValues: { password: '', code: '' } })
  const { setFocus, setValue } = form
  const perform = useMutation({ mutationFn: act })
  const { errors } = form.formState
  const faults = fieldFaultsOf(perform.error)
  const { error } = perform
  useEffect(() => {
    if (!error) return
    const wrong = 'code' in fieldFaultsOf(error) ? 'code' : 'password'
    setValue(wrong, '')
    setFocus(wrong)
  }, [error, setFocus, setValue])
  return (
    <Dialog open onClose={onClose} title={title}>
      <DialogForm onSubmit={form.handleSubmit((proof) => perform.mutate(proof))}>
        <DialogBody>
          {children}
          <Field label="Password" error={errors.password?.message ?? faults.password}>
            <Input
              type="password"
              autoComplete="current-password"
              {...form.register('password', { required: 'Type your password.' })}
            />
          </Field>
          {withCode && (
            <Field
              label="Code"
              error={errors.code?.message ?? faults.code}
              hint="Six digits of your authenticator app, or a recovery code."
            >
              <Input
                className="font-mono tracking-[0.1em]"
                autoComplete="one-time-code"
                {...form.register('code', { required: 'Type the code.' })}
              />
            </Field>
          )}
          {error && !faults.password && !faults.code && <ErrorPanel {...factsOf(error)} />}
        </DialogBody>
        <DialogFooter>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look={look} pending={perform.isPending && doing}>
            {deed}
          </Button>
        </DialogFooter>
      </DialogForm>
    </Dialog>
  )
}
