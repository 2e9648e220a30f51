import { api } from '@berth/contracts'
import { queryOptions } from '@tanstack/react-query'
import { call } from '../../api/client.ts'

/** How far a person is with the first steps of an organization; of their newest one, where none is named. */
export const onboardingQuery = (organizationId: string | undefined) =>
  queryOptions({
    queryKey: ['onboarding', organizationId ?? 'newest'] as const,
    queryFn: ({ signal }) => call(api.onboarding.get, { query: { organizationId } }, { signal }),
  })
