import { api, ApiError, type EndpointOutput } from '@berth/contracts'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call, factsOf } from '../../../api/client.ts'
import { Button } from '../../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter } from '../../../ui/Dialog.tsx'
import { ErrorPanel } from '../../../ui/ErrorPanel.tsx'
import { Field, TextArea } from '../../../ui/Field.tsx'
import { Skeleton } from '../../../ui/Skeleton.tsx'
import { sayDone } from '../../../ui/Toast.tsx'
import { planFileQuery } from './queries.ts'

type Outcome = EndpointOutput<typeof api.plans.apply>

/** The plans as a file: what publishing it would change is shown before anything is published. */
export function PlanFileDialog({ onClose }: { onClose: () => void }) {
  const queryClient = useQueryClient()
  const file = useQuery({ ...planFileQuery, refetchOnWindowFocus: false })
  const [edited, setEdited] = useState<string | null>(null)
  const text = edited ?? file.data?.file ?? ''
  const check = useMutation({
    mutationFn: (of: string) => call(api.plans.apply, { body: { file: of, dryRun: true } }),
  })
  const publish = useMutation({
    mutationFn: () => call(api.plans.apply, { body: { file: text, dryRun: false } }),
    onSuccess: async ({ items }) => {
      const published = items.filter(({ action }) => action === 'publish')
      sayDone(`Published: ${published.map(({ plan, version }) => `${plan} ${version}`).join(', ')}.`)
      onClose()
      await queryClient.invalidateQueries({ queryKey: ['plans'] })
    },
  })
  // What was checked is this very text.
  const checked = check.data && check.variables === text ? check.data : null
  const fresh = checked?.items.some(({ action }) => action === 'publish') ?? false
  const error = publish.error ?? (check.variables === text ? check.error : null)
  return (
    <Dialog
      open
      width="widest"
      onClose={onClose}
      title="The plan file"
      description="A plan that differs from its newest version is published as the next one. What is published is never changed; whoever is on a version stays on it."
    >
      <DialogBody>
        {file.isError && <ErrorPanel {...factsOf(file.error)} onRetry={() => void file.refetch()} />}
        {file.isPending && <Skeleton className="h-72" />}
        {file.data && (
          <Field label="Plans, as YAML">
            <TextArea
              rows={18}
              spellCheck={false}
              value={text}
              onChange={(event) => setEdited(event.target.value)}
            />
          </Field>
        )}
        {error && <Faults error={error} />}
        {checked && <Changes outcome={checked} />}
      </DialogBody>
      <DialogFooter>
        <Button onClick={onClose}>Close</Button>
        <Button
          whyNot={text.trim() ? null : 'There is nothing to check.'}
          pending={check.isPending && 'Checking…'}
          onClick={() => check.mutate(text)}
        >
          Check
        </Button>
        <Button
          look="primary"
          whyNot={
            checked
              ? fresh
                ? null
                : 'Nothing differs from what is published.'
              : 'Check it first: you see what changes.'
          }
          pending={publish.isPending && 'Publishing…'}
          onClick={() => publish.mutate()}
        >
          Publish
        </Button>
      </DialogFooter>
    </Dialog>
  )
}

function Faults({ error }: { error: Error }) {
  const faults = error instanceof ApiError ? (error.problem.errors ?? []) : []
  return (
    <>
      <ErrorPanel {...factsOf(error)} />
      {faults.length > 1 && (
        <ul aria-label="What is wrong with the file" className="list-disc pl-4 text-xs">
          {faults.map(({ path, message }) => (
            <li key={`${path} ${message}`}>
              <code className="font-mono">{path}</code> {message}
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

function Changes({ outcome }: { outcome: Outcome }) {
  const { items } = outcome
  return (
    <section aria-label="What publishing changes" className="rounded-lg border border-line text-xs">
      {items.map(({ plan, action, version, changes }) => (
        <div key={plan} className="border-b border-line-soft px-3 py-1.5 last:border-0">
          <p>
            <b className="font-semibold">{plan}</b>{' '}
            {action === 'publish' ? `is published as version ${version}` : `stays at version ${version}`}
          </p>
          {changes.map(({ field, previous, current }) => (
            <p key={field} className="pl-3 font-mono text-[11.5px] break-words">
              {field}: {version > 1 && <del className="text-bad">{shown(previous)}</del>}{' '}
              <ins className="text-good no-underline">{shown(current)}</ins>
            </p>
          ))}
        </div>
      ))}
    </section>
  )
}

const shown = (value: unknown): string =>
  value === undefined || value === null ? '–' : typeof value === 'string' ? value : JSON.stringify(value)
