import {
  skippableStep,
  type Onboarding,
  type OnboardingState,
  type OnboardingStep,
  type Permission,
  type SkippableStep,
} from '@berth/contracts'
import type { Facts } from './facts.ts'

const order: OnboardingStep[] = ['account', 'organization', 'plan', 'invite', 'server']

/** What it takes to do what can be left out. */
const needs: Record<SkippableStep, Permission> = {
  plan: 'billing:write',
  invite: 'members:write',
  server: 'deployments:write',
}

/** The steps that are for others to do: who was invited does not choose the plan. */
export function othersSteps(may: ReadonlySet<Permission>): SkippableStep[] {
  return skippableStep.options.filter((step) => !may.has(needs[step]))
}

/** How far somebody is: what is done counts, whatever was skipped, and the first that is left comes next. */
export function stepsOf(facts: Facts, mustVerify: boolean): Onboarding {
  const { organization, subscription, unpaidPlan, members, invited, deployment, answered } = facts
  const done: Record<OnboardingStep, boolean> = {
    account: !mustVerify,
    organization: organization !== null,
    plan: facts.choseAPlan,
    invite: members > 1 || facts.everInvited,
    server: answered,
  }
  const isSettled = (step: OnboardingStep) => done[step] || facts.skipped.includes(step)
  const next = order.find((step) => !isSettled(step))
  const stateOf = (step: OnboardingStep): OnboardingState => {
    if (done[step]) return 'done'
    if (isSettled(step)) return 'skipped'
    return step === next ? 'next' : 'open'
  }
  return {
    organizationId: organization?.id ?? null,
    complete: next === undefined,
    steps: [
      {
        step: 'account',
        state: stateOf('account'),
        email: facts.email,
        emailVerified: facts.emailVerified,
        mustVerify,
      },
      { step: 'organization', state: stateOf('organization'), organization },
      { step: 'plan', state: stateOf('plan'), subscription, unpaidPlan },
      { step: 'invite', state: stateOf('invite'), members, invited },
      { step: 'server', state: stateOf('server'), deployment, answered },
    ],
  }
}
