import { api, ApiError, type Tier, toSlug } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call, createIdempotencyKeys, factsOf, fieldFaultsOf } from '../../api/client.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter, DialogForm } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Checkbox, Field, Input } from '../../ui/Field.tsx'
import { Select } from '../../ui/Select.tsx'
import { sayDone } from '../../ui/Toast.tsx'
import { tiersQuery } from '../lifecycle/queries.ts'
import {
  bodyOf,
  changedIn,
  consequencesOf,
  emptyTier,
  fieldsOf,
  rebased,
  type TierFields,
} from './tierForm.ts'

const sandboxes = [
  { value: 'required', label: 'required', hint: 'without one, servers are held' },
  { value: 'preferred', label: 'preferred', hint: 'without one, they run all the same' },
] as const

/** Creates a tier, or changes what one demands and says what follows. */
export function TierDialog({ tier, onClose }: { tier: Tier | null; onClose: () => void }) {
  const queryClient = useQueryClient()
  const [keyOf] = useState(createIdempotencyKeys)
  // What the person began with: changes of others meanwhile must not slip in under what they chose.
  const [base, setBase] = useState(tier)
  const [form, setForm] = useState(() => (tier ? fieldsOf(tier) : emptyTier))
  const [code, setCode] = useState<string>()
  const [fault, setFault] = useState<string>()
  const start = base ? fieldsOf(base) : emptyTier
  const changed = changedIn(start, form)
  const save = useMutation({
    mutationFn: () => {
      if (base)
        return call(api.tiers.update, {
          params: { code: base.code },
          body: { ...bodyOf(form), expectedVersion: base.version },
        })
      const body = { code: code ?? toSlug(form.name), ...bodyOf(form) }
      return call(api.tiers.create, { body }, { idempotencyKey: keyOf(body) })
    },
    onSuccess: async (saved) => {
      await queryClient.invalidateQueries({ queryKey: tiersQuery.queryKey })
      sayDone(
        base ? `${saved.name} is changed; what runs in it is decided anew.` : `${saved.name} is created.`,
      )
      onClose()
    },
  })
  const current = conflictOf(save.error)
  const faults = fieldFaultsOf(save.error)
  const set = (change: Partial<TierFields>) => setForm((before) => ({ ...before, ...change }))
  const consequences = base ? consequencesOf(start, form) : []
  return (
    <Dialog
      open
      width="wide"
      onClose={onClose}
      title={base ? `Edit the tier ${base.name}` : 'Create a tier'}
      description={base ? undefined : 'Organizations can put workspaces into it as soon as it is there.'}
    >
      <DialogForm
        onSubmit={() => {
          setFault(form.name.trim() ? undefined : 'Give it a name.')
          if (form.name.trim()) save.mutate()
        }}
      >
        <DialogBody>
          <div className="grid gap-3.5 sm:grid-cols-2">
            <Field label="Name" error={fault ?? faults.name}>
              <Input
                autoComplete="off"
                value={form.name}
                onChange={(event) => set({ name: event.target.value })}
              />
            </Field>
            {!base && (
              <Field label="Short name" error={faults.code} hint="For commands and the API; it stays.">
                <Input
                  autoComplete="off"
                  className="font-mono"
                  value={code ?? toSlug(form.name)}
                  onChange={(event) => setCode(event.target.value)}
                />
              </Field>
            )}
            <Field label="Sandbox" error={faults.sandbox}>
              <Select
                label="Sandbox"
                value={form.sandbox}
                options={sandboxes}
                onChange={(sandbox) => set({ sandbox })}
              />
            </Field>
            <Field
              label="Regions"
              optional
              error={regionFault(faults)}
              hint="Where its workspaces may be, such as eu-west-1, us-east-1. None: anywhere."
            >
              <Input
                autoComplete="off"
                className="font-mono"
                value={form.regions}
                onChange={(event) => set({ regions: event.target.value })}
              />
            </Field>
          </div>
          <Checkbox
            label="Servers from folders on the operator's machine may run here"
            checked={form.allowLocal}
            onChange={(event) => set({ allowLocal: event.target.checked })}
          />
          <Checkbox
            label="Check every call in the database"
            hint="Otherwise in memory, which follows the log within two seconds."
            checked={form.checkEveryCall}
            onChange={(event) => set({ checkEveryCall: event.target.checked })}
          />
          {consequences.length > 0 && (
            <section
              aria-label="What follows"
              className="rounded-lg border border-wait bg-wait-bg px-3 py-2.5"
            >
              <p className="font-[650] text-wait">What runs in {base!.name} is decided anew at once</p>
              <ul className="list-disc pl-4 text-xs">
                {consequences.map((sentence) => (
                  <li key={sentence}>{sentence}</li>
                ))}
              </ul>
            </section>
          )}
          {save.error && <ErrorPanel {...factsOf(save.error)} />}
          {current && (
            <section
              aria-label="What was changed meanwhile"
              className="rounded-lg border border-line px-3 py-2.5"
            >
              <p className="mb-1 text-xs">
                Somebody else changed:{' '}
                <b className="font-semibold">{changedIn(start, fieldsOf(current)).map(nameOf).join(', ')}</b>.
                Keep your changes on top of theirs, then look at the form and save again.
              </p>
              <Button
                onClick={() => {
                  setForm(rebased(form, start, fieldsOf(current)))
                  setBase(current)
                  save.reset()
                }}
              >
                Keep mine, on top of theirs
              </Button>{' '}
              <Button
                onClick={() => {
                  setForm(fieldsOf(current))
                  setBase(current)
                  save.reset()
                }}
              >
                Take theirs
              </Button>
            </section>
          )}
        </DialogBody>
        <DialogFooter>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            look="primary"
            whyNot={base && changed.length === 0 ? 'Nothing has been changed.' : null}
            pending={save.isPending && 'Saving…'}
          >
            {base ? 'Save' : 'Create tier'}
          </Button>
        </DialogFooter>
      </DialogForm>
    </Dialog>
  )
}

const names: Record<keyof TierFields, string> = {
  name: 'its name',
  sandbox: 'the sandbox',
  allowLocal: 'servers from folders',
  regions: 'the regions',
  checkEveryCall: 'how calls are checked',
}
const nameOf = (field: keyof TierFields) => names[field]

/** The first fault of any region of the list. */
function regionFault(faults: Record<string, string>): string | undefined {
  return Object.entries(faults).find(([path]) => path.startsWith('regions'))?.[1]
}

/** The tier as it is now, when somebody changed it meanwhile. */
function conflictOf(error: unknown): Tier | undefined {
  if (!(error instanceof ApiError) || error.problem.code !== 'version_conflict') return undefined
  return error.problem.current as Tier | undefined
}
