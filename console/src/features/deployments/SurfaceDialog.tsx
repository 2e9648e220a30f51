import { api, type Deployment } from '@berth/contracts'
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { call, factsOf } from '../../api/client.ts'
import { useOrganization, whyNot } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { putDeployment } from '../lifecycle/live.ts'
import { Differences } from './Difference.tsx'

export function surfaceQuery(organizationId: string, deploymentId: string) {
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
      width="widest"
      title={`What changed in ${deployment.name}`}
      description="Once you accept, the hold ends and agents see what is live."
    >
      <DialogBody>
        {surface.isPending && <Skeleton className="h-32 w-full" />}
        {surface.isError && <ErrorPanel {...factsOf(surface.error)} onRetry={() => void surface.refetch()} />}
        {surface.data?.differences.length === 0 && <p>Both are the same now.</p>}
        {surface.data && surface.data.differences.length > 0 && (
          <Differences differences={surface.data.differences} />
        )}
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
