import { api, type EndpointInput } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { call, createIdempotencyKeys, factsOf, fieldFaultsOf } from '../../api/client.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field, Input, TextArea } from '../../ui/Field.tsx'
import { Select } from '../../ui/Select.tsx'

type Body = EndpointInput<typeof api.catalog.add>['body']
type Kind = 'npm' | 'remote' | 'local'

const kinds = [
  {
    value: 'npm' as const,
    label: 'An npm package',
    hint: 'Pinned by version and integrity, run in the sandbox',
  },
  { value: 'remote' as const, label: 'A server that runs elsewhere', hint: 'Reached by its https address' },
  {
    value: 'local' as const,
    label: 'A folder of this machine',
    hint: 'For servers that you build; community tier',
  },
]

const empty = { name: '', package: '', version: '', url: '', path: '', command: '', args: '', egress: '' }

/** Adds a server, or a release of one, and goes where its observation can be watched. */
export function AddServer({ onClose }: { onClose: () => void }) {
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const [keyOf] = useState(createIdempotencyKeys)
  const [kind, setKind] = useState<Kind>('npm')
  const [form, setForm] = useState(empty)
  const [ownFaults, setOwnFaults] = useState<Record<string, string>>({})
  const add = useMutation({
    mutationFn: (body: Body) => call(api.catalog.add, { body }, { idempotencyKey: keyOf(body) }),
    onSuccess: async (release) => {
      await queryClient.invalidateQueries({ queryKey: ['catalog'] })
      const [provider = '', server = ''] = release.server.split('/')
      await navigate({
        to: '/console/catalog/$provider/$server',
        params: { provider, server },
        search: (before) => ({ org: before.org, release: release.id }),
      })
    },
  })
  const faults = { ...byName(fieldFaultsOf(add.error)), ...ownFaults }
  const text = (key: keyof typeof empty) => ({
    value: form[key],
    autoComplete: 'off',
    onChange: (event: { target: { value: string } }) => setForm({ ...form, [key]: event.target.value }),
  })

  function submit(): void {
    const found: Record<string, string> = {}
    if (kind === 'npm' && !form.package.trim()) found.package = 'Which package?'
    if (kind === 'remote' && !form.url.trim()) found.url = 'At which address?'
    if (kind === 'local' && !form.path.trim()) found.path = 'Which folder?'
    if (kind === 'local' && !form.command.trim()) found.command = 'What starts it?'
    setOwnFaults(found)
    if (Object.keys(found).length === 0) add.mutate(bodyOf(kind, form))
  }

  return (
    <Dialog
      open
      onClose={onClose}
      width="wide"
      title="Add a server to the catalog"
      description="It is installed, started once in the sandbox, and what it shows is admitted."
    >
      <form
        noValidate
        className="flex min-h-0 flex-col"
        onSubmit={(event) => {
          event.preventDefault()
          submit()
        }}
      >
        <DialogBody>
          <Field label="From">
            <Select
              label="From"
              value={kind}
              options={kinds}
              onChange={(next) => {
                setKind(next)
                setOwnFaults({})
                add.reset()
              }}
            />
          </Field>
          {kind === 'npm' && (
            <div className="grid gap-3.5 sm:grid-cols-[2fr_1fr]">
              <Field label="Package" error={faults.package}>
                <Input {...text('package')} placeholder="@scope/name" />
              </Field>
              <Field label="Version" optional error={faults.version} hint="Empty: the newest.">
                <Input {...text('version')} />
              </Field>
            </div>
          )}
          {kind === 'remote' && (
            <Field label="Address" error={faults.url} hint="https; http only on this machine itself.">
              <Input {...text('url')} inputMode="url" placeholder="https://" />
            </Field>
          )}
          {kind === 'local' && (
            <>
              <Field
                label="Folder"
                error={faults.path}
                hint="An absolute path on the machine that runs Berth."
              >
                <Input {...text('path')} className="font-mono" />
              </Field>
              <Field
                label="Command"
                error={faults.command}
                hint="A program and its arguments, by spaces, as it is started in that folder."
              >
                <Input {...text('command')} className="font-mono" placeholder="node server.js" />
              </Field>
            </>
          )}
          {kind !== 'remote' && (
            <Field label="Arguments" optional error={faults.args} hint="One a line.">
              <TextArea
                rows={2}
                spellCheck={false}
                value={form.args}
                onChange={(event) => setForm({ ...form, args: event.target.value })}
              />
            </Field>
          )}
          {kind !== 'remote' && (
            <Field
              label="Hosts it may reach"
              optional
              error={faults.egress}
              hint="Names, by spaces. Empty: it has no network."
            >
              <Input {...text('egress')} className="font-mono" placeholder="api.example.com" />
            </Field>
          )}
          <Field
            label="Name"
            optional
            error={faults.name}
            hint="Empty: derived from where it comes from. The name of a server that is there adds a release to it."
          >
            <Input {...text('name')} />
          </Field>
          {add.error && <ErrorPanel {...factsOf(add.error)} />}
        </DialogBody>
        <DialogFooter>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" pending={add.isPending && 'Adding…'}>
            Add server
          </Button>
        </DialogFooter>
      </form>
    </Dialog>
  )
}

function bodyOf(kind: Kind, form: typeof empty): Body {
  const words = (value: string) => value.split(/\s+/).filter(Boolean)
  const args = form.args
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
  const name = form.name.trim()
  const egress = words(form.egress)
  const version = form.version.trim()
  const manifest = {
    ...(args.length > 0 ? { args } : {}),
    ...(egress.length > 0 ? { egress } : {}),
  }
  const common = name ? { name } : {}
  if (kind === 'remote') return { ...common, artifact: { kind, url: form.url.trim() } }
  if (kind === 'local')
    return {
      ...common,
      manifest,
      artifact: { kind, path: form.path.trim(), command: words(form.command) },
    }
  return {
    ...common,
    manifest,
    artifact: { kind, package: form.package.trim(), ...(version ? { version } : {}) },
  }
}

/** `artifact.npm.package` or `manifest.egress.0` → `package`, `egress`. */
function byName(faults: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(faults).map(([path, message]) => [
      path
        .replace(/^(artifact|manifest)\./, '')
        .replace(/^(npm|remote|local)\./, '')
        .replace(/\.\d+$/, ''),
      message,
    ]),
  )
}
