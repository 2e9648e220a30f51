import { api, type Deployment } from '@berth/contracts'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { call, factsOf } from '../../../api/client.ts'
import { useSnapshotInterval } from '../../../app/live.ts'
import { useOrganization, whyNot } from '../../../app/session.ts'
import { Button } from '../../../ui/Button.tsx'
import { EmptyState } from '../../../ui/EmptyState.tsx'
import { ErrorPanel } from '../../../ui/ErrorPanel.tsx'
import { Id } from '../../../ui/Id.tsx'
import { Panel, RowsSkeleton } from '../../../ui/Panel.tsx'
import { StatusMark } from '../../../ui/StatusMark.tsx'
import { peopleQuery } from '../../lifecycle/queries.ts'
import { putDeployment } from '../../lifecycle/live.ts'
import { Differences } from '../Difference.tsx'
import { surfaceQuery } from '../SurfaceDialog.tsx'
import { SurfaceList } from '../SurfaceList.tsx'
import { releaseQuery } from './queries.ts'

/** What was admitted, what the server shows now, where they differ, and the way to accept it. */
export function SurfaceTab({ deployment }: { deployment: Deployment }) {
  const organization = useOrganization()
  const surface = useQuery({
    ...surfaceQuery(organization.id, deployment.id),
    refetchInterval: useSnapshotInterval(),
  })
  const release = useQuery(releaseQuery(deployment.releaseId))
  const failed = [surface, release].find(({ isError }) => isError)
  return (
    <>
      {failed && <ErrorPanel {...factsOf(failed.error)} onRetry={() => void failed.refetch()} />}
      {surface.isPending && <RowsSkeleton label="Loading the surface" rows={3} />}
      {surface.data && <Comparison deployment={deployment} {...surface.data} />}
      {release.data?.surface && <SurfaceList surface={release.data.surface} />}
      {release.data && !release.data.surface && (
        <EmptyState title="Its release was not observed yet">
          A release is started once in the sandbox, and what it shows is what is admitted.
          {release.data.observationReason && ` ${release.data.observationReason}`}
        </EmptyState>
      )}
    </>
  )
}

function Comparison(props: {
  deployment: Deployment
  admittedHash: string | null
  liveHash: string | null
  differences: Parameters<typeof Differences>[0]['differences']
  acceptedBy: string | null
}) {
  const { deployment, admittedHash, liveHash, differences, acceptedBy } = props
  const organization = useOrganization()
  const queryClient = useQueryClient()
  const { data: people } = useQuery(peopleQuery(organization.id))
  const { organizationId, id: deploymentId } = deployment
  const accept = useMutation({
    mutationFn: (hash: string) =>
      call(api.deployments.acceptSurface, { params: { organizationId, deploymentId }, body: { hash } }),
    onSuccess: async (given) => {
      putDeployment(queryClient, given)
      await queryClient.invalidateQueries({ queryKey: surfaceQuery(organizationId, deploymentId).queryKey })
    },
  })
  const differs = differences.length > 0
  const word = !liveHash ? 'not seen live yet' : differs ? 'differs' : 'as admitted'
  return (
    <Panel
      title="Admitted and live"
      {...(differs ? { tone: 'bad' as const } : {})}
      note={acceptedBy && `a change was accepted by ${people?.get(acceptedBy) ?? acceptedBy}`}
      actions={
        <StatusMark
          tone={differs ? 'bad' : liveHash ? 'good' : 'idle'}
          shape={differs ? 'cross' : liveHash ? 'check' : 'none'}
          word={word}
        />
      }
    >
      <dl className="grid grid-cols-[76px_minmax(0,1fr)] gap-y-0.5 text-xs">
        <dt className="text-ink-3">Admitted</dt>
        <dd>
          {admittedHash ? <Id value={admittedHash} what="admitted hash" head={15} tail={6} /> : 'nothing yet'}
        </dd>
        <dt className="text-ink-3">Live</dt>
        <dd>{liveHash ? <Id value={liveHash} what="live hash" head={15} tail={6} /> : 'nothing yet'}</dd>
      </dl>
      {differs && (
        <div className="mt-3 flex flex-col gap-2.5">
          <Differences differences={differences} />
          {accept.error && <ErrorPanel {...factsOf(accept.error)} />}
          <Button
            look="danger"
            className="self-start"
            whyNot={whyNot(organization, 'policy:write') ?? (liveHash ? null : 'Nothing was observed live.')}
            pending={accept.isPending && 'Accepting…'}
            onClick={() => liveHash && accept.mutate(liveHash)}
          >
            Accept this surface
          </Button>
        </div>
      )}
    </Panel>
  )
}
