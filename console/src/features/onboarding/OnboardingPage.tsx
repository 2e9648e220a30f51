import type { Me, Onboarding, OnboardingStep } from '@berth/contracts'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Navigate, useRouter, useSearch } from '@tanstack/react-router'
import { lazy, Suspense, useEffect } from 'react'
import { factsOf } from '../../api/client.ts'
import { useSnapshotInterval } from '../../app/live.ts'
import { findOrganization, type Membership, meQuery } from '../../app/session.ts'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { FormSkeleton } from '../identity/setup.tsx'
import { AccountStep, NewAccount } from './AccountStep.tsx'
import { Frame } from './Frame.tsx'
import { OrganizationStep } from './OrganizationStep.tsx'
import { onboardingQuery } from './queries.ts'
import { shownStep } from './steps.ts'

const HeldAccount = lazy(async () => ({ default: (await import('./HeldAccount.tsx')).HeldAccount }))
const PlanStep = lazy(async () => ({ default: (await import('./PlanStep.tsx')).PlanStep }))
const InviteStep = lazy(async () => ({ default: (await import('./InviteStep.tsx')).InviteStep }))
const ServerStep = lazy(async () => ({ default: (await import('./ServerStep.tsx')).ServerStep }))

/** So often it is asked whether an address was confirmed meanwhile; ms. */
const heldEveryMs = 4_000

/** From an account to a server that answers, step by step; how far somebody is follows from what is there. */
export function OnboardingPage() {
  const { data: me } = useQuery(meQuery)
  if (me) return <Steps me={me} />
  return (
    <Frame me={null} organization={null} current="account">
      <NewAccount />
    </Frame>
  )
}

function Steps({ me }: { me: Me }) {
  const { step: wanted, org } = useSearch({ from: '/onboarding' })
  const named = org ? findOrganization(me, org) : null
  const held = me.confirmEmail === 'must'
  const streaming = useSnapshotInterval()
  const { data, error, refetch } = useQuery({
    ...onboardingQuery(named?.id),
    // Who is held has no stream.
    refetchInterval: held ? heldEveryMs : streaming,
  })
  useRelease(held && data?.steps[0].state === 'done')
  // One that is not there for this person.
  if (org && !named) return <Navigate to="/onboarding" search={{ step: wanted }} replace />
  const organization = named ?? me.organizations.find(({ id }) => id === data?.organizationId) ?? null
  if (!data)
    return (
      <Frame me={me} organization={organization} current={wanted ?? 'account'}>
        <div className="mx-auto w-full max-w-[440px]">
          {error ? (
            <div className="mt-9">
              <h1 className="mb-4">Set up</h1>
              <ErrorPanel {...factsOf(error)} onRetry={() => void refetch()} />
            </div>
          ) : (
            <FormSkeleton />
          )}
        </div>
      </Frame>
    )
  const step = shownStep(data, wanted)
  // The address names the step, so that it stays while what follows from it changes.
  if (step !== wanted || organization?.slug !== org)
    return (
      <Navigate
        to="/onboarding"
        from="/onboarding"
        search={(now) => ({ ...now, step, org: organization?.slug })}
        replace
      />
    )
  return (
    <Frame me={me} organization={organization} onboarding={data} current={step}>
      <Suspense fallback={<FormSkeleton />}>
        <Content key={`${step} ${organization?.id}`} {...{ me, organization, onboarding: data, step }} />
      </Suspense>
    </Frame>
  )
}

/** Once the address is confirmed, whoever waited for it is let in and goes on. */
function useRelease(released: boolean): void {
  const queryClient = useQueryClient()
  const router = useRouter()
  useEffect(() => {
    if (!released) return
    void queryClient
      .fetchQuery({ ...meQuery, staleTime: 0 })
      .then(() => router.navigate({ to: '/onboarding', replace: true }))
  }, [released, queryClient, router])
}

function Content(props: {
  me: Me
  organization: Membership | null
  onboarding: Onboarding
  step: OnboardingStep
}) {
  const { me, organization, onboarding, step } = props
  const [, , plan, invite, server] = onboarding.steps
  if (step === 'account' && me.confirmEmail === 'must') return <HeldAccount />
  if (step === 'account') return <AccountStep me={me} onboarding={onboarding} />
  if (step === 'organization' || !organization) return <OrganizationStep {...{ me, organization }} />
  if (step === 'plan') return <PlanStep organization={organization} chosen={plan.state === 'done'} />
  if (step === 'invite') return <InviteStep organization={organization} done={invite.state === 'done'} />
  return <ServerStep organization={organization} found={server} />
}
