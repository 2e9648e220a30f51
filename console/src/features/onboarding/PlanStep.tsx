import type { Subscription } from '@berth/contracts'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { factsOf } from '../../api/client.ts'
import { useSnapshotInterval } from '../../app/live.ts'
import { type Membership, whyNot } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { PlanCards } from '../billing/Plans.tsx'
import { plansQuery, subscriptionQuery } from '../billing/queries.ts'
import { Waiting } from '../billing/Waiting.tsx'
import { dayOf, priceOf } from '../billing/words.ts'
import { StepBody } from './StepBody.tsx'
import { useGo, useSkip } from './useSteps.ts'

const ChangeDialog = lazy(async () => ({
  default: (await import('../billing/ChangeDialog.tsx')).ChangeDialog,
}))

/** What the organization may use and pays: the plans side by side, a trial, or the plan it has. */
export function PlanStep({ organization, chosen }: { organization: Membership; chosen: boolean }) {
  const subscription = useQuery({
    ...subscriptionQuery(organization.id),
    refetchInterval: useSnapshotInterval(),
  })
  const go = useGo(organization.slug)
  const skip = useSkip(organization, 'plan', () => go('invite'))
  const name = subscription.data?.plan.name
  // What waits to be paid comes before going on.
  const look = subscription.data?.incomplete ? 'plain' : 'primary'
  return (
    <StepBody
      width="wide"
      title="Choose a plan"
      sentence="A plan says how much the organization may use and what it costs; it can be changed or canceled at any time, and nothing is deleted by that."
      deeds={
        <>
          <Button onClick={() => void go('organization')}>Back</Button>
          <span className="flex-1" />
          {chosen ? (
            <Button look={look} onClick={() => void go('invite')}>
              Continue{name && ` with ${name}`}
            </Button>
          ) : (
            <Button look={look} pending={skip.isPending && 'Saving…'} onClick={() => skip.mutate()}>
              Stay on {name ?? 'this plan'}
            </Button>
          )}
        </>
      }
    >
      {subscription.isError && (
        <ErrorPanel {...factsOf(subscription.error)} onRetry={() => void subscription.refetch()} />
      )}
      {subscription.isPending && <Skeleton className="h-80 w-full" />}
      {subscription.data && <Offered organization={organization} subscription={subscription.data} />}
    </StepBody>
  )
}

function Offered({ organization, subscription }: { organization: Membership; subscription: Subscription }) {
  const { change, checkout } = useSearch({ from: '/onboarding' })
  const navigate = useNavigate({ from: '/onboarding' })
  const { data: plans } = useQuery(plansQuery)
  const refused = whyNot(organization, 'billing:write')
  const wanted = plans?.items.find(({ plan }) => plan === change)
  const choose = (plan: string | undefined) =>
    void navigate({ search: (now) => ({ ...now, change: plan }), replace: !plan })
  return (
    <>
      <p role="status" className="mb-3 font-[550]">
        {standing(subscription)}
      </p>
      <Waiting
        {...{ subscription, refused, checkout }}
        onClose={() => void navigate({ search: (now) => ({ ...now, checkout: undefined }), replace: true })}
      />
      <PlanCards subscription={subscription} refused={refused} onChoose={choose} />
      <Suspense>
        {wanted && !refused && (
          <ChangeDialog
            key={wanted.id}
            organizationId={organization.id}
            subscription={subscription}
            plan={wanted}
            onClose={() => choose(undefined)}
          />
        )}
      </Suspense>
    </>
  )
}

/** How it stands with the plan, as a sentence. */
function standing({ plan, state, trialEndsAt, timeZone, scheduled }: Subscription): string {
  if (scheduled)
    return `${plan.name} goes on until ${dayOf(scheduled.at, timeZone)}, then it is ${scheduled.plan.name}.`
  if (state === 'trialing' && trialEndsAt)
    return `${plan.name} is on trial until ${dayOf(trialEndsAt, timeZone)}: nothing is to be paid until then.`
  return `Now: ${plan.name}, ${priceOf(plan)}.`
}
