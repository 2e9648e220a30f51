import { onboardingEndpoints } from '@berth/contracts'
import { signedIn } from '../identity/service.ts'
import { findOrganizationId } from '../organizations/service.ts'
import { implement, type Route } from '../platform/http/implement.ts'
import { notFound } from '../platform/problem.ts'
import { readFacts, usualOrganization } from './facts.ts'
import { othersSteps, stepsOf } from './steps.ts'
import { skipStep } from './skip.ts'

/** The first steps of a person and their organization, from an account to an answered call. */
export function onboardingRoutes(): Route[] {
  return implement(onboardingEndpoints, {
    get: async ({ db, principal }, { query }) => {
      const { id, permissions, mustVerify } = signedIn(principal)
      const organizationId = query.organizationId
        ? await findOrganizationId(db, query.organizationId)
        : await usualOrganization(db, id)
      if (query.organizationId && (!organizationId || !permissions.has(organizationId)))
        throw notFound('organization')
      const facts = await readFacts(db, { userId: id, organizationId })
      const may = organizationId && permissions.get(organizationId)
      const passed = may ? othersSteps(may) : []
      return stepsOf({ ...facts, skipped: [...facts.skipped, ...passed] }, mustVerify)
    },
    skip: (context, { body }) => context.mutate((tx) => skipStep(tx, context.organizationId, body.step)),
  })
}
