import { api, type OnboardingStep, type SkippableStep } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useCallback } from 'react'
import { call, factsOf } from '../../api/client.ts'
import { type Membership, whyNot } from '../../app/session.ts'
import { sayFailed } from '../../ui/Toast.tsx'

/** Goes to a step of an organization. */
export function useGo(org: string | undefined) {
  const navigate = useNavigate()
  return useCallback(
    (step: OnboardingStep) => navigate({ to: '/onboarding', search: { step, org } }),
    [navigate, org],
  )
}

/** Leaves a step out, and then goes on. Who may not say so for the organization just goes on. */
export function useSkip(organization: Membership, step: SkippableStep, onward: () => Promise<void>) {
  const queryClient = useQueryClient()
  const organizationId = organization.id
  const mayTell = !whyNot(organization, 'organization:write')
  const skip = useMutation({
    mutationFn: async () => {
      if (mayTell) await call(api.onboarding.skip, { params: { organizationId }, body: { step } })
      await queryClient.invalidateQueries({ queryKey: ['onboarding'] })
    },
    onSuccess: onward,
    onError: (error) => sayFailed('The step was not left out', factsOf(error), () => skip.mutate()),
  })
  return skip
}
