import { auditEndpoints, platformOrganizationId, type LogEvent } from '@berth/contracts'
import type { Database } from '../platform/db/database.ts'
import type { Feed } from '../platform/feed.ts'
import { implement, streaming, type RequestContext, type Route } from '../platform/http/implement.ts'
import { may, type Principal } from '../platform/http/principal.ts'
import type { SseStream } from '../platform/http/sse.ts'
import type { Logger } from '../platform/logger.ts'
import { notFound, Refusal } from '../platform/problem.ts'
import { streamEvents } from '../platform/stream.ts'
import { pageOfEvents, readLeaf } from './store.ts'

export interface AuditRouteDeps {
  db: Database
  feed: Feed
  logger: Logger
  resolveOrganization(ref: string): Promise<string | null>
}

export function auditRoutes(deps: AuditRouteDeps): Route[] {
  return implement(auditEndpoints, {
    list: (context, { query }) => pageOfEvents(context.db, context.organizationId, query),
    leaf: (context, { params }) => readLeaf(context.db, context.organizationId, params.seq),
    stream: async (context, { query }) => {
      const organizations = await readable(context, query.organizationId, deps)
      const sse = context.stream(query.cursor)
      endWhenReachChanges(sse, context.principal, deps.feed, {
        organizations,
        all: query.organizationId === undefined,
      })
      if (!(await stillBelongs(deps.db, context.principal, organizations))) sse.close()
      await streamEvents({
        ...deps,
        sse,
        organizations,
        cursor: sse.lastEventId,
        wanted: wantedBy(query.types),
      })
      return streaming
    },
  })
}

/** The organization asked for, else every one whose log the caller may read. */
async function readable(
  { principal }: RequestContext,
  ref: string | undefined,
  { resolveOrganization }: AuditRouteDeps,
): Promise<string[]> {
  const all = [...principal.permissions.keys()].filter((id) => may(principal, id, 'audit:read'))
  if (ref === undefined) return all
  const id = principal.permissions.has(ref) ? ref : await resolveOrganization(ref)
  if (!id || !principal.permissions.has(id)) throw notFound('organization')
  if (all.includes(id)) return [id]
  throw new Refusal('forbidden', 'This needs the permission audit:read, which you do not have here.')
}

/**
 * Ends the stream when the caller loses an organization it carries, or gains one it should carry: the client comes
 * back with its cursor, and what it may read is decided anew. Nothing that was committed later is sent before.
 */
function endWhenReachChanges(sse: SseStream, principal: Principal, feed: Feed, carried: Carried): void {
  const changesReach = ({ type, organizationId, payload }: LogEvent): boolean => {
    if (payload['userId'] !== principal.id) return false
    if (type === 'member.added') return carried.all && !carried.organizations.includes(organizationId)
    const isLoss = type === 'member.removed' || type === 'member.role_changed'
    return isLoss && carried.organizations.includes(organizationId)
  }
  const unsubscribe = feed.subscribe((events) => {
    if (events.some(changesReach)) sse.close()
  })
  sse.onClose(unsubscribe)
}

interface Carried {
  organizations: string[]
  /** Whether the caller asked for whatever they may read. */
  all: boolean
}

/** Whether nobody took the caller out between the look-up of their rights and the first event watched for. */
async function stillBelongs(db: Database, principal: Principal, organizations: string[]): Promise<boolean> {
  const belonging = organizations.filter((id) => id !== platformOrganizationId)
  if (belonging.length === 0 || principal.kind === 'service') return true
  const rows = await db
    .selectFrom('members')
    .select('organizationId')
    .where('userId', '=', principal.id)
    .where('organizationId', 'in', belonging)
    .execute()
  return rows.length === belonging.length
}

function wantedBy(types: string | undefined): (event: LogEvent) => boolean {
  const patterns = (types ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean)
  if (patterns.length === 0) return () => true
  const exact = new Set(patterns.filter((one) => !one.endsWith('*')))
  const prefixes = patterns.filter((one) => one.endsWith('*')).map((one) => one.slice(0, -1))
  return ({ type }) => exact.has(type) || prefixes.some((prefix) => type.startsWith(prefix))
}
