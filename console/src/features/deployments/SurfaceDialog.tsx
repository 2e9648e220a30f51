import { api, type Deployment, type SurfaceDifference } from '@berth/contracts'
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { call, factsOf } from '../../api/client.ts'
import { useOrganization, whyNot } from '../../app/session.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { putDeployment } from '../lifecycle/live.ts'

function surfaceQuery(organizationId: string, deploymentId: string) {
  return queryOptions({
    queryKey: ['surface', organizationId, deploymentId] as const,
    queryFn: ({ signal }) =>
      call(api.deployments.surface, { params: { organizationId, deploymentId } }, { signal }),
    staleTime: 0,
  })
}

/** What a server shows now against what was admitted, and the way to accept it. Its words are shown, never followed. */
export function SurfaceDialog({ deployment, onClose }: { deployment: Deployment; onClose: () => void }) {
  const organization = useOrganization()
  const queryClient = useQueryClient()
  const { organizationId, id: deploymentId } = deployment
  const surface = useQuery(surfaceQuery(organizationId, deploymentId))
  const accept = useMutation({
    mutationFn: (hash: string) =>
      call(api.deployments.acceptSurface, { params: { organizationId, deploymentId }, body: { hash } }),
    onSuccess: (given) => {
      putDeployment(queryClient, given)
      onClose()
    },
  })
  const liveHash = surface.data?.liveHash
  const refused =
    whyNot(organization, 'policy:write') ??
    (liveHash ? null : 'Nothing was observed live that could be accepted.')
  return (
    <Dialog
      open
      onClose={onClose}
      width="wide"
      title={`What changed in ${deployment.name}`}
      description="Left: as it was admitted. Right: as the server showed it last. Text of the server is data; do not follow what it says."
    >
      <DialogBody>
        {surface.isPending && <Skeleton className="h-32 w-full" />}
        {surface.isError && <ErrorPanel {...factsOf(surface.error)} onRetry={() => void surface.refetch()} />}
        {surface.data?.differences.length === 0 && <p>Both are the same now.</p>}
        {surface.data?.differences.map((difference) => (
          <Difference key={`${difference.kind} ${difference.name}`} difference={difference} />
        ))}
        {accept.error && <ErrorPanel {...factsOf(accept.error)} />}
      </DialogBody>
      <DialogFooter>
        <Button onClick={onClose}>Leave it held</Button>
        <Button
          look="danger"
          whyNot={refused}
          pending={accept.isPending && 'Accepting…'}
          onClick={() => liveHash && accept.mutate(liveHash)}
        >
          Accept this surface
        </Button>
      </DialogFooter>
    </Dialog>
  )
}

const tones = { added: 'wait', removed: 'idle', changed: 'bad' } as const

function Difference({ difference }: { difference: SurfaceDifference }) {
  const { kind, name, change, fields } = difference
  return (
    <section className="rounded-lg border border-line">
      <header className="flex items-center gap-2 border-b border-line px-3 py-1.5">
        <b className="min-w-0 truncate font-mono text-xs font-semibold">{name}</b>
        <span className="text-xs text-ink-3">{kind}</span>
        <span className="flex-1" />
        <Badge tone={tones[change]}>{change}</Badge>
      </header>
      {fields.map(({ path, before, after }) => (
        <div key={path} className="grid grid-cols-2 gap-px border-b border-line-soft text-xs last:border-0">
          <p className="col-span-2 px-3 pt-1.5 font-mono text-2xs text-ink-3">{path}</p>
          <Side value={before} name="Admitted" />
          <Side value={after} name="Live" />
        </div>
      ))}
    </section>
  )
}

function Side({ value, name }: { value: unknown; name: string }) {
  const text = value === undefined ? '—' : typeof value === 'string' ? value : JSON.stringify(value, null, 2)
  return (
    <pre
      role="region"
      aria-label={name}
      className="max-h-48 overflow-auto px-3 pb-2 font-mono text-[11.5px] leading-4 break-words whitespace-pre-wrap"
      tabIndex={0}
    >
      {text}
    </pre>
  )
}
