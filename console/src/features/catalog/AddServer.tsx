import { api, type Release } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call, createIdempotencyKeys, factsOf, fieldFaultsOf } from '../../api/client.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter, DialogForm } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field, Input, TextArea } from '../../ui/Field.tsx'
import { Select } from '../../ui/Select.tsx'
import { type AddBody, type AddForm, bodyOf, emptyForm, faultAt, formFaults } from './addForm.ts'
import { ManifestFields } from './ManifestFields.tsx'

const kinds = [
  {
    value: 'npm' as const,
    label: 'An npm package',
    hint: 'Pinned by version and integrity, run in the sandbox',
    follows:
      'It is installed and started once in the sandbox; the tools, prompts and resources that it has then are admitted.',
  },
  {
    value: 'remote' as const,
    label: 'A server that runs elsewhere',
    hint: 'Reached by its https address',
    follows: 'It is asked once for its tools, prompts and resources; those are admitted.',
  },
  {
    value: 'local' as const,
    label: 'A folder of this machine',
    hint: 'For servers that you build; community tier',
    follows:
      'Its files are copied, and it is started once in the sandbox; the tools, prompts and resources that it has then are admitted.',
  },
]

/** Fields that are there only when they are asked for, so that the usual case stays short. */
const hiddenFields = ['configSchema', 'secrets', 'env', 'headers', 'isolation', 'title', 'description']

export interface AddServerProps {
  onClose: () => void
  onAdded: (release: Release) => void | Promise<void>
}

/** Adds a server, or a release of one. */
export function AddServer({ onClose, onAdded }: AddServerProps) {
  const queryClient = useQueryClient()
  const [keyOf] = useState(createIdempotencyKeys)
  const [form, setForm] = useState(emptyForm)
  const [more, setMore] = useState(false)
  const [ownFaults, setOwnFaults] = useState<Record<string, string>>({})
  const add = useMutation({
    mutationFn: (body: AddBody) => call(api.catalog.add, { body }, { idempotencyKey: keyOf(body) }),
    onSuccess: async (release) => {
      await queryClient.invalidateQueries({ queryKey: ['catalog'] })
      await onAdded(release)
    },
  })
  const faults = { ...formFaults(fieldFaultsOf(add.error)), ...ownFaults }
  const faultWithin = hiddenFields.some((field) => faultAt(faults, field))
  const set = (change: Partial<AddForm>) => setForm((before) => ({ ...before, ...change }))

  function submit(): void {
    const { body, faults: found } = bodyOf(form)
    setOwnFaults(found)
    if (Object.keys(found).length === 0) add.mutate(body)
  }

  return (
    <Dialog
      open
      onClose={onClose}
      width="wide"
      title="Add a server to the catalog"
      description={kinds.find(({ value }) => value === form.kind)!.follows}
    >
      <DialogForm onSubmit={submit}>
        <DialogBody>
          <Field label="From">
            <Select
              label="From"
              value={form.kind}
              options={kinds}
              onChange={(kind) => {
                set({ kind })
                setOwnFaults({})
                add.reset()
              }}
            />
          </Field>
          <Source form={form} faults={faults} onChange={set} />
          <Field
            label="Name"
            optional
            error={faults.name}
            hint="Empty: made from where it comes from. With the name of a server of the catalog, it is a new release of that one."
          >
            <Input
              autoComplete="off"
              value={form.name}
              onChange={(event) => set({ name: event.target.value })}
            />
          </Field>
          <button
            type="button"
            aria-expanded={more || faultWithin}
            onClick={() => setMore(!more)}
            className="w-fit rounded-sm text-xs font-[550] text-accent"
          >
            {more || faultWithin ? 'Less' : 'Configuration, secrets, environment, isolation…'}
          </button>
          {(more || faultWithin) && <ManifestFields form={form} faults={faults} onChange={set} />}
          {add.error && <ErrorPanel {...factsOf(add.error)} />}
        </DialogBody>
        <DialogFooter>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" pending={add.isPending && 'Adding…'}>
            Add server
          </Button>
        </DialogFooter>
      </DialogForm>
    </Dialog>
  )
}

/** Where it comes from and how it is started, each kind in its own way. */
function Source(props: {
  form: AddForm
  faults: Record<string, string>
  onChange: (change: Partial<AddForm>) => void
}) {
  const { form, faults, onChange } = props
  type Text = 'package' | 'version' | 'bin' | 'integrity' | 'url' | 'path' | 'command' | 'egress'
  const text = (key: Text) => ({
    value: form[key],
    autoComplete: 'off',
    onChange: (event: { target: { value: string } }) => onChange({ [key]: event.target.value }),
  })
  if (form.kind === 'remote')
    return (
      <Field
        label="Address"
        error={faultAt(faults, 'url')}
        hint="Begins with https://; http:// only for this machine itself."
      >
        <Input {...text('url')} inputMode="url" placeholder="https://" />
      </Field>
    )
  return (
    <>
      {form.kind === 'npm' ? (
        <>
          <div className="grid gap-3.5 sm:grid-cols-[2fr_1fr]">
            <Field label="Package" error={faults.package}>
              <Input {...text('package')} placeholder="@scope/name" />
            </Field>
            <Field label="Version" optional error={faults.version} hint="Empty: the newest.">
              <Input {...text('version')} />
            </Field>
          </div>
          <div className="grid gap-3.5 sm:grid-cols-[1fr_2fr]">
            <Field label="Executable" optional error={faults.bin} hint="Needed where a package has several.">
              <Input {...text('bin')} className="font-mono" />
            </Field>
            <Field
              label="Integrity"
              optional
              error={faults.integrity}
              hint="Empty: what the registry says now is pinned."
            >
              <Input {...text('integrity')} className="font-mono" placeholder="sha512-" />
            </Field>
          </div>
        </>
      ) : (
        <>
          <Field
            label="Folder"
            error={faultAt(faults, 'path')}
            hint="An absolute path on the machine that runs Berth."
          >
            <Input {...text('path')} className="font-mono" />
          </Field>
          <Field
            label="Command"
            error={faultAt(faults, 'command')}
            hint="A program and its arguments, as it is started in that folder; quotes keep spaces."
          >
            <Input {...text('command')} className="font-mono" placeholder="node server.js" />
          </Field>
        </>
      )}
      <Field label="Arguments" optional error={faultAt(faults, 'args')} hint="One per line.">
        <TextArea
          rows={2}
          spellCheck={false}
          value={form.args}
          onChange={(event) => onChange({ args: event.target.value })}
        />
      </Field>
      <Field
        label="Hosts it may reach"
        optional
        error={faultAt(faults, 'egress')}
        hint="Names, with spaces between. Empty: it has no network."
      >
        <Input {...text('egress')} className="font-mono" placeholder="api.example.com" />
      </Field>
    </>
  )
}
