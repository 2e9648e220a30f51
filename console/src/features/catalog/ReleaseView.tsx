import { api, type Release } from '@berth/contracts'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { call, factsOf } from '../../api/client.ts'
import { useMe } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field, TextArea } from '../../ui/Field.tsx'
import { Id } from '../../ui/Id.tsx'
import { Inert, InertBlock } from '../../ui/Inert.tsx'
import { Panel, RowsSkeleton } from '../../ui/Panel.tsx'
import { sayFailed } from '../../ui/Toast.tsx'
import { releaseQuery } from '../deployments/page/queries.ts'
import { SurfaceList } from '../deployments/SurfaceList.tsx'
import { operatorsOnly, sourceOf } from './marks.ts'

type Deed = 'yank' | 'readmit' | 'block'

/** What a release is, may do and shows; and what an operator may do to it. */
export function ReleaseView({ release }: { release: Release }) {
  const refused = operatorsOnly(useMe())
  const queryClient = useQueryClient()
  const [asked, setAsked] = useState<Deed | null>(null)
  const full = useQuery(releaseQuery(release.id))
  const observe = useMutation({
    mutationFn: () => call(api.catalog.observe, { params: { releaseId: release.id } }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['catalog'] }),
    onError: (error) =>
      sayFailed(`${release.version} was not tried again`, factsOf(error), () => observe.mutate()),
  })
  const { manifest, state, observation, observationReason } = release
  return (
    <>
      <Panel
        title={`Release ${release.version}`}
        note={<Id value={release.id} what="release id" />}
        actions={
          <span className="flex gap-1.5 py-0.5">
            {observation === 'failed' && (
              <Button
                whyNot={refused}
                pending={observe.isPending && 'Asking…'}
                onClick={() => observe.mutate()}
              >
                Observe again
              </Button>
            )}
            {state === 'admitted' && (
              <Button whyNot={refused} onClick={() => setAsked('yank')}>
                Yank…
              </Button>
            )}
            {state === 'yanked' && (
              <Button whyNot={refused} onClick={() => setAsked('readmit')}>
                Admit again…
              </Button>
            )}
            {state !== 'blocked' && (
              <Button look="danger" whyNot={refused} onClick={() => setAsked('block')}>
                Block…
              </Button>
            )}
          </span>
        }
      >
        {observation === 'pending' && (
          <p role="status" className="mb-2 rounded-md bg-accent-bg px-2.5 py-1.5 text-accent">
            It is being installed and started once in the sandbox; what it shows appears here by itself.
          </p>
        )}
        {observation === 'failed' && (
          <div role="alert" className="mb-2 rounded-md border border-bad bg-bad-bg px-2.5 py-1.5">
            <p className="font-[650] text-bad">Its surface could not be observed</p>
            <p className="break-words whitespace-pre-wrap">{observationReason}</p>
          </div>
        )}
        <dl className="text-xs">
          <Fact name="From">
            {release.artifact.kind} ·{' '}
            <span className="font-mono break-all">{sourceOf(release.artifact)}</span>
          </Fact>
          {release.artifact.kind === 'local' && (
            <Fact name="Command">
              <span className="font-mono break-all">{release.artifact.command.join(' ')}</span>
            </Fact>
          )}
          <Fact name="Digest">
            {release.digest ? (
              <Id value={release.digest} what="digest" head={15} tail={6} />
            ) : (
              'not installed yet'
            )}
          </Fact>
          <Fact name="Network">
            {release.artifact.kind === 'remote' ? 'it runs elsewhere' : manifest.egress.join(', ') || 'none'}
          </Fact>
          <Fact name="Isolation">{manifest.isolation}</Fact>
          <Fact name="Arguments">
            {manifest.args.length === 0 ? (
              'none'
            ) : (
              <span className="font-mono break-all">{manifest.args.join(' ')}</span>
            )}
          </Fact>
          <Pairs name="Environment" values={manifest.env} />
          <Pairs name="Headers" values={manifest.headers} />
          <Fact name="Secrets">
            {manifest.secrets.length === 0
              ? 'none'
              : manifest.secrets.map(({ name, required, description }) => (
                  <p key={name}>
                    <span className="font-mono">{name}</span>
                    {!required && ' (optional)'}
                    {description && (
                      <span className="text-ink-3">
                        {' '}
                        · <Inert text={description} />
                      </span>
                    )}
                  </p>
                ))}
          </Fact>
        </dl>
        {Object.keys(manifest.configSchema.properties ?? {}).length > 0 && (
          <details className="mt-1 text-xs">
            <summary className="cursor-pointer font-[550] text-accent">Schema of its configuration</summary>
            <div className="mt-1.5">
              <InertBlock label="Schema of its configuration" value={manifest.configSchema} tall />
            </div>
          </details>
        )}
      </Panel>
      {full.isError && <ErrorPanel {...factsOf(full.error)} onRetry={() => void full.refetch()} />}
      {full.isPending && <RowsSkeleton label="Loading the surface" rows={3} />}
      {full.data?.surface && <SurfaceList surface={full.data.surface} />}
      {asked && <ChangeState release={release} deed={asked} onClose={() => setAsked(null)} />}
    </>
  )
}

/** Names with the values that are given to them; nothing where there are none. */
function Pairs({ name, values }: { name: string; values: Record<string, string> }) {
  const pairs = Object.entries(values)
  if (pairs.length === 0) return null
  return (
    <Fact name={name}>
      {pairs.map(([key, value]) => (
        <p key={key} className="font-mono break-all">
          <Inert text={`${key}=${value}`} />
        </p>
      ))}
    </Fact>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="grid min-h-7 grid-cols-[84px_minmax(0,1fr)] items-center border-b border-line-soft last:border-0">
      <dt className="text-ink-3">{name}</dt>
      <dd className="min-w-0">{children}</dd>
    </div>
  )
}

const words: Record<Deed, { title: string; text: string; deed: string; doing: string }> = {
  yank: {
    title: 'Yank',
    text: 'Nobody can launch it anew. What runs of it goes on running. It can be admitted again.',
    deed: 'Yank',
    doing: 'Yanking…',
  },
  readmit: {
    title: 'Admit again',
    text: 'Everyone can launch it again.',
    deed: 'Admit',
    doing: 'Admitting…',
  },
  block: {
    title: 'Block',
    text: 'Everything that runs of it stops at once, in every organization, and open sessions end. A blocked release stays blocked for ever.',
    deed: 'Block',
    doing: 'Blocking…',
  },
}

function ChangeState({ release, deed, onClose }: { release: Release; deed: Deed; onClose: () => void }) {
  const queryClient = useQueryClient()
  const [reason, setReason] = useState('')
  const [fault, setFault] = useState<string>()
  const change = useMutation({
    mutationFn: () =>
      call(api.catalog.setState, {
        params: { releaseId: release.id },
        body: { action: deed, reason: reason.trim() },
      }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ['catalog'] })
      onClose()
    },
  })
  const { title, text, deed: verb, doing } = words[deed]
  const name = `${release.server} ${release.version}`
  return (
    <Dialog open onClose={onClose} title={`${title} ${name}?`}>
      <DialogBody>
        <p className="text-ink-2">{text}</p>
        <Field label="Reason" error={fault} hint="Kept in the log, and shown to those whom it stops.">
          <TextArea rows={2} value={reason} onChange={(event) => setReason(event.target.value)} />
        </Field>
        {change.error && <ErrorPanel {...factsOf(change.error)} />}
      </DialogBody>
      <DialogFooter>
        <Button onClick={onClose}>Leave it</Button>
        <Button
          look={deed === 'readmit' ? 'primary' : 'danger'}
          pending={change.isPending && doing}
          onClick={() => {
            setFault(reason.trim() ? undefined : 'Say why: people whom it stops will ask.')
            if (reason.trim()) change.mutate()
          }}
        >
          {verb} {release.version}
        </Button>
      </DialogFooter>
    </Dialog>
  )
}
