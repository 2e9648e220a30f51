import { z } from 'zod'

/** One tool, prompt, resource or template exactly as the server gave it: data, never instructions. */
const entry = z.record(z.string(), z.unknown())

/** What a server shows of itself: names, descriptions and schemas, in canonical order. */
export const surface = z.object({
  serverInfo: z.record(z.string(), z.unknown()),
  instructions: z.string().optional(),
  tools: z.array(entry),
  prompts: z.array(entry),
  resources: z.array(entry),
  resourceTemplates: z.array(entry),
})
export type Surface = z.infer<typeof surface>

export const surfaceDifference = z.object({
  kind: z.enum(['tool', 'prompt', 'resource', 'resourceTemplate', 'instructions', 'serverInfo']),
  name: z.string(),
  change: z.enum(['added', 'removed', 'changed']),
  fields: z.array(z.object({ path: z.string(), before: z.unknown(), after: z.unknown() })),
})
export type SurfaceDifference = z.infer<typeof surfaceDifference>
