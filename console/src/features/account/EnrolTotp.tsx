import { api, type EndpointOutput } from '@berth/contracts'
import { useMutation } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { useForm } from 'react-hook-form'
import { encode } from 'uqr'
import { call, factsOf, fieldFaultsOf } from '../../api/client.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter, DialogForm } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Copyable } from '../../ui/Id.tsx'
import { ProofDialog } from './ProofDialog.tsx'

export interface EnrolTotpProps {
  onDone: (recoveryCodes: string[]) => void
  onClose: () => void
}

/** Turning the second factor on: the password, the secret for the app, a first code of it. */
export function EnrolTotp({ onDone, onClose }: EnrolTotpProps) {
  const [secret, setSecret] = useState<EndpointOutput<typeof api.account.enrolTotp> | null>(null)
  if (secret) return <Confirm {...secret} onDone={onDone} onClose={onClose} />
  return (
    <ProofDialog
      title="Turn the second factor on"
      withCode={false}
      deed="Continue"
      doing="Asking…"
      act={async ({ password }) => setSecret(await call(api.account.enrolTotp, { body: { password } }))}
      onClose={onClose}
    >
      <p className="text-ink-2">
        You need an authenticator app on another device, such as Aegis, 1Password or Google Authenticator.
      </p>
    </ProofDialog>
  )
}

function Confirm({ secret, uri, onDone, onClose }: { secret: string; uri: string } & EnrolTotpProps) {
  const form = useForm({ defaultValues: { code: '' } })
  const confirm = useMutation({
    mutationFn: (body: { code: string }) => call(api.account.confirmTotp, { body }),
    onSuccess: ({ recoveryCodes }) => onDone(recoveryCodes),
  })
  const fault = form.formState.errors.code?.message ?? fieldFaultsOf(confirm.error).code
  return (
    <Dialog
      open
      onClose={onClose}
      title="Add Berth to your app"
      description="Scan the picture with the app, or type the secret into it. Nothing changes until you give a code."
    >
      <DialogForm onSubmit={form.handleSubmit((body) => confirm.mutate(body))}>
        <DialogBody>
          <div className="flex justify-center">
            <QrCode text={uri} />
          </div>
          <div>
            <p className="text-xs font-[550]">Secret</p>
            <Copyable text={secret} shown={grouped(secret)} what="secret" sign="always" wrap />
            <p className="text-xs text-ink-3">By time, six digits, every 30 seconds.</p>
          </div>
          <Field label="Code" error={fault} hint="The six digits that the app shows now.">
            <Input
              className="font-mono tracking-[0.1em]"
              autoComplete="one-time-code"
              inputMode="numeric"
              {...form.register('code', { required: 'Type the six digits.' })}
            />
          </Field>
          {confirm.error && !fault && <ErrorPanel {...factsOf(confirm.error)} />}
        </DialogBody>
        <DialogFooter>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" pending={confirm.isPending && 'Turning on…'}>
            Turn on
          </Button>
        </DialogFooter>
      </DialogForm>
    </Dialog>
  )
}

/** Easier to type from a screen. */
const grouped = (secret: string): string => secret.replace(/(.{4})(?=.)/g, '$1 ')

/** Dark on light in both themes: not every camera reads it the other way round. */
function QrCode({ text }: { text: string }) {
  const { size, path } = useMemo(() => {
    const { data, size: side } = encode(text, { border: 2 })
    const squares = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : [])))
    return { size: side, path: squares.join('') }
  }, [text])
  return (
    <svg
      role="img"
      aria-label="QR code of the secret; the same as text stands below"
      viewBox={`0 0 ${size} ${size}`}
      shapeRendering="crispEdges"
      className="size-[168px] shrink-0 rounded-md"
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  )
}
