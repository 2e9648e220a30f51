import { z } from 'zod'

const text = z.string().max(80).optional().catch(undefined)

/** What the audit page's URL says: which events, whose, of which deployment, and which one is open. */
export const auditSearch = z.object({
  type: text,
  actor: text,
  deployment: text,
  seq: z.number().int().optional().catch(undefined),
})
export type AuditSearch = z.infer<typeof auditSearch>

/** What is shown unless something else is asked for: that calls were recorded, every few seconds, hid all changes. */
export const changes = '!calls.*'

/** What else can be asked for; a beginning followed by `*` means all that begin so, `!` all others. */
export const eventGroups = [
  { value: 'deployment.*', label: 'deployments' },
  { value: 'decision.*', label: 'decisions' },
  { value: 'run.*', label: 'runs' },
  { value: 'surface.*', label: 'surfaces' },
  { value: 'secret.*', label: 'secrets' },
  { value: 'token.*', label: 'tokens' },
  { value: 'member.*', label: 'members' },
  { value: 'workspace.*', label: 'workspaces' },
  { value: 'invitation.*', label: 'invitations' },
  { value: 'organization.*', label: 'organization' },
  { value: 'subscription.*', label: 'subscription' },
  { value: 'invoice.*', label: 'invoices' },
  { value: 'quota.*', label: 'quotas' },
  { value: 'calls.*', label: 'recorded calls' },
  { value: '*', label: 'everything, recorded calls too' },
] as const
