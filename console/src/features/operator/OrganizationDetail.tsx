import { api, organizationMachine, type OrganizationOverview, refusalOf } from '@berth/contracts'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { lazy, type ReactNode, Suspense, useState } from 'react'
import { call, factsOf } from '../../api/client.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Copyable, Id } from '../../ui/Id.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { Time } from '../../ui/Time.tsx'
import { sayFailed } from '../../ui/Toast.tsx'
import { organizationQuery } from './queries.ts'
import { Facts } from './Facts.tsx'

const SuspendOrganization = lazy(async () => ({
  default: (await import('./SuspendOrganization.tsx')).SuspendOrganization,
}))

/** What stands below an organization's row: why it is as it is, whom to write to, and what an operator can do. */
export function OrganizationDetail({ organization }: { organization: OrganizationOverview }) {
  const [suspending, setSuspending] = useState(false)
  const queryClient = useQueryClient()
  const detail = useQuery(organizationQuery(organization.id))
  const { state, stateReason, stateSince } = organization
  const resume = useMutation({
    mutationFn: () => call(api.operator.resumeOrganization, { params: { organizationId: organization.id } }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['operator'] }),
    onError: (error) => sayFailed(`${organization.name} stays suspended`, factsOf(error)),
  })
  const facts: [string, ReactNode][] = [
    ['Organization', <Id key="id" value={organization.id} what="organization id" />],
    ...(stateReason ? [[capital(state), stateReason] as [string, ReactNode]] : []),
    ...(stateSince ? [['Since', <Time key="since" at={stateSince} ago />] as [string, ReactNode]] : []),
    ['Time zone', organization.timeZone],
    ['Size', sizeOf(organization)],
    [
      'Owners',
      detail.data ? (
        detail.data.owners.map(({ userId, name, email }) => (
          <p key={userId}>
            {name} <Copyable text={email} what="e-mail address" />
          </p>
        ))
      ) : (
        <Skeleton key="owners" className="mt-1 w-40" />
      ),
    ],
  ]
  return (
    <>
      {detail.isError && <ErrorPanel {...factsOf(detail.error)} onRetry={() => void detail.refetch()} />}
      <Facts facts={facts} />
      <div className="mt-1 flex flex-wrap gap-2">
        {state === 'suspended' ? (
          <Button pending={resume.isPending && 'Resuming…'} onClick={() => resume.mutate()}>
            Resume {organization.name}
          </Button>
        ) : (
          <Button
            look="danger"
            whyNot={refusalOf(organizationMachine, state, 'suspend')}
            onClick={() => setSuspending(true)}
          >
            Suspend…
          </Button>
        )}
      </div>
      <Suspense>
        {suspending && (
          <SuspendOrganization organization={organization} onClose={() => setSuspending(false)} />
        )}
      </Suspense>
    </>
  )
}

const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1)

const counted = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`

/** How much there is, in words. */
function sizeOf({ members, workspaces, deployments, running }: OrganizationOverview): string {
  const parts = [
    counted(members, 'member'),
    counted(workspaces, 'workspace'),
    counted(deployments, 'deployment'),
  ]
  const runs = deployments > 0 ? `, of which ${running} ${running === 1 ? 'runs' : 'run'}` : ''
  return parts.join(', ') + runs
}
