import { onboardingStep } from '@berth/contracts'
import { z } from 'zod'

const text = z.string().max(200).optional().catch(undefined)

/** What the URL of the first steps says: which step of which organization, and what is open on it. */
export const onboardingSearch = z.object({
  step: onboardingStep.optional().catch(undefined),
  org: text,
  /** The plan one is about to change to. */
  change: text,
  /** How a checkout ended that one comes back from. */
  checkout: z.enum(['done', 'canceled']).optional().catch(undefined),
  /** The server one is about to launch, `provider/server`; `any`: to be chosen from all. */
  launch: text,
  /** Whether the form for a server of one's own is open. */
  add: z.boolean().optional().catch(undefined),
  /** The deployment on view; absent: the one that the server found. */
  deployment: text,
  /** The tool that is tried. */
  play: text,
  /** Whether another server is chosen although one is there. */
  another: z.boolean().optional().catch(undefined),
})
