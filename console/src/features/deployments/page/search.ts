import { callOutcome } from '@berth/contracts'
import { z } from 'zod'
import { spans } from './callRange.ts'

export const tabs = [
  'overview',
  'calls',
  'logs',
  'tools',
  'runs',
  'decisions',
  'surface',
  'settings',
] as const
export type TabName = (typeof tabs)[number]

const moment = z.iso.datetime().optional().catch(undefined)
const text = z.string().max(128).optional().catch(undefined)

/** What the URL of a deployment's page says: the tab, the time and the filters of its calls, what is looked for in its logs, the tool that is tried. */
export const deploymentSearch = z.object({
  tab: z.enum(tabs).optional().catch(undefined),
  tool: text,
  outcome: callOutcome.optional().catch(undefined),
  method: text,
  who: text,
  last: z.enum(spans).optional().catch(undefined),
  from: moment,
  to: moment,
  call: text,
  play: text,
  find: text,
  wrap: z.boolean().optional().catch(undefined),
  decision: text,
})
export type DeploymentSearch = z.infer<typeof deploymentSearch>
