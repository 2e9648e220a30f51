import { z } from 'zod'
import { endpoint } from './endpoint.ts'

/** How many requests the caller may make, and how many of them are left. */
export const requestLimit = z.object({
  limit: z.number().int(),
  used: z.number().int(),
  left: z.number().int(),
  windowSeconds: z.number().int(),
  resetsInSeconds: z.number().int(),
})
export type RequestLimit = z.infer<typeof requestLimit>

export const fixedLimit = z.object({
  name: z.string(),
  value: z.number(),
  unit: z.enum([
    'bytes',
    'seconds',
    'requests',
    'messages',
    'processes',
    'sessions',
    'items',
    'days',
    'tries',
  ]),
  /** What the limit is on, and what happens beyond it. */
  sentence: z.string(),
})
export type FixedLimit = z.infer<typeof fixedLimit>

export const callerLimits = z.object({
  requests: requestLimit.nullable().describe('Null: this installation does not limit requests'),
  fixed: z.array(fixedLimit),
})

export const limitEndpoints = {
  mine: endpoint({
    id: 'limits.mine',
    method: 'GET',
    path: '/api/me/limits',
    tag: 'limits',
    summary: 'Every limit that holds for the caller, and what is left of it',
    description:
      'Every answer of the API carries the request limit in `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset`; a 429 also has `Retry-After`, in seconds. Each process of an installation counts for itself.',
    access: { kind: 'user' },
    response: callerLimits,
  }),
}
