import { type Onboarding, type OnboardingStep, onboardingStep } from '@berth/contracts'

export const order = onboardingStep.options

export const titles: Record<OnboardingStep, string> = {
  account: 'Account',
  organization: 'Organization',
  plan: 'Plan',
  invite: 'People',
  server: 'Server',
}

/** Why a step cannot be shown yet, as a sentence; null: it can. */
export function whyClosed(
  { steps: [account, organization] }: Pick<Onboarding, 'steps'>,
  step: OnboardingStep,
): string | null {
  if (step === 'account') return null
  if (account.state !== 'done') return 'Verify your e-mail address first.'
  if (step !== 'organization' && organization.state !== 'done') return 'Create your organization first.'
  return null
}

/** The step to show: the wanted one where the way to it is clear, else the first that there is something to do in. */
export function shownStep(
  onboarding: Pick<Onboarding, 'steps'>,
  wanted: OnboardingStep | undefined,
): OnboardingStep {
  if (wanted && !whyClosed(onboarding, wanted)) return wanted
  return onboarding.steps.find(({ state }) => state === 'next')?.step ?? 'server'
}

/** The step after one, and the one before; undefined at the ends. */
export const after = (step: OnboardingStep): OnboardingStep | undefined => order[order.indexOf(step) + 1]
export const before = (step: OnboardingStep): OnboardingStep | undefined => order[order.indexOf(step) - 1]
