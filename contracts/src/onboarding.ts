import { z } from 'zod'
import { phase } from './deployments.ts'
import { endpoint } from './endpoint.ts'
import { idOf, organizationRef } from './ids.ts'

export const onboardingStep = z.enum(['account', 'organization', 'plan', 'invite', 'server'])
export type OnboardingStep = z.infer<typeof onboardingStep>

/** What can be left out, and done later all the same. */
export const skippableStep = onboardingStep.extract(['plan', 'invite', 'server'])
export type SkippableStep = z.infer<typeof skippableStep>

export const onboardingState = z
  .enum(['done', 'next', 'open', 'skipped'])
  .describe(
    '`next`: the first that is neither done nor skipped; `open`: those after it; `skipped`: left out, or for others to do',
  )
export type OnboardingState = z.infer<typeof onboardingState>

const step = <S extends OnboardingStep>(name: S) => ({ step: z.literal(name), state: onboardingState })

export const onboarding = z.object({
  organizationId: idOf('organization').nullable().describe('Null: the caller is in no organization'),
  complete: z.boolean().describe('Every step is done or skipped'),
  steps: z.tuple([
    z.object({
      ...step('account'),
      email: z.string(),
      emailVerified: z.boolean(),
      mustVerify: z.boolean().describe('Nothing else is open until the link in the letter was opened'),
    }),
    z.object({
      ...step('organization'),
      organization: z.object({ id: idOf('organization'), slug: z.string(), name: z.string() }).nullable(),
    }),
    z.object({
      ...step('plan'),
      subscription: z.object({ plan: z.string(), planName: z.string(), state: z.string() }).nullable(),
      unpaidPlan: z.string().nullable().describe('The name of a plan that begins with its first payment'),
    }),
    z.object({
      ...step('invite'),
      members: z.number().int(),
      invited: z.number().int().describe('Invitations that wait for an answer'),
    }),
    z.object({
      ...step('server'),
      deployment: z
        .object({ id: idOf('deployment'), workspaceId: idOf('workspace'), name: z.string(), phase })
        .nullable()
        .describe('One that runs if any does, else the newest; null: there is none'),
      answered: z.boolean().describe('A tool call through the gateway was answered'),
    }),
  ]),
})
export type Onboarding = z.infer<typeof onboarding>

export const onboardingEndpoints = {
  get: endpoint({
    id: 'onboarding.get',
    method: 'GET',
    path: '/api/onboarding',
    tag: 'onboarding',
    summary: 'How far a person and their organization are with the first steps',
    description:
      'Follows from what is there: account, organization, plan, people, a first server that answered a call. Without ' +
      '`organizationId` it is about the newest organization of which the caller is an owner, else a member.',
    unverified: true,
    access: { kind: 'user' },
    query: z.object({ organizationId: organizationRef.optional() }),
    response: onboarding,
  }),
  skip: endpoint({
    id: 'onboarding.skip',
    example: { body: { step: 'invite' } },
    method: 'POST',
    path: '/api/orgs/:organizationId/onboarding/skip',
    tag: 'onboarding',
    summary: 'Leave out a step: stay on the plan, invite nobody, launch nothing for now',
    description: 'Skipping again changes nothing; what is done later counts as done.',
    access: { kind: 'organization', permission: 'organization:write' },
    params: z.object({ organizationId: organizationRef }),
    body: z.object({ step: skippableStep }),
  }),
}
