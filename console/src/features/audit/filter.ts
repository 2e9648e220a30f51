import type { LogEvent } from '@berth/contracts'

/** What of the log is asked for. `type`: one, or its beginning followed by `*`; after `!`, all others. */
export interface AuditFilter {
  type?: string | undefined
  actorId?: string | undefined
  deploymentId?: string | undefined
}

/** Whether an event belongs to what is asked for; the server filters alike. */
export function passes({ type, actorId, deploymentId }: AuditFilter, event: LogEvent): boolean {
  if (type && isOfType(type.replace(/^!/, ''), event) === type.startsWith('!')) return false
  if (actorId && event.actor.id !== actorId) return false
  return !deploymentId || event.payload.deploymentId === deploymentId
}

const isOfType = (type: string, event: LogEvent): boolean =>
  type.endsWith('*') ? event.type.startsWith(type.slice(0, -1)) : event.type === type
