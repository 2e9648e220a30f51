import { z } from 'zod'

/** Who did something: a person, a workspace's agent, or a part of Berth itself. */
export const actor = z.object({
  kind: z.enum(['user', 'service', 'system']),
  id: z.string(),
  tokenId: z.string().nullable().default(null),
})
export type Actor = z.infer<typeof actor>
