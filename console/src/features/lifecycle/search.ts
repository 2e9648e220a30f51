import { deploymentWords } from '@berth/contracts'
import { z } from 'zod'

const text = z.string().max(100).optional().catch(undefined)

/** What the lifecycle page's URL says: filters, the selected deployment, and whether the launch form is open. */
export const lifecycleSearch = z.object({
  status: z.enum(deploymentWords).optional().catch(undefined),
  tier: text,
  q: text,
  deployment: text,
  launch: z.boolean().optional().catch(undefined),
  /** The server that the launch form begins with, `provider/server`. */
  server: text,
})

export type LifecycleSearch = z.infer<typeof lifecycleSearch>
