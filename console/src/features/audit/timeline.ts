import { api, type LogEvent } from '@berth/contracts'
import { type QueryClient, queryOptions } from '@tanstack/react-query'
import { call } from '../../api/client.ts'
import { patchQueries } from '../../app/queryClient.ts'

/** How many events are read at once. */
const pageSize = 50

/** Whether an event is worth a line of a story: the steps inside a run are told by the run itself. */
function isTold({ type, payload }: LogEvent): boolean {
  const changes = payload.changes as { field: string }[] | undefined
  return type !== 'run.changed' || Boolean(changes?.some(({ field }) => field === 'status'))
}

export interface Timeline {
  /** Newest first. */
  events: LogEvent[]
  /** Whether these are all there are. */
  complete: boolean
}

/** The story of one deployment, newest first, read from the organization's log. */
export function timelineQuery(organizationId: string, deploymentId: string) {
  return queryOptions({
    queryKey: ['timeline', organizationId, deploymentId] as const,
    queryFn: async ({ signal }): Promise<Timeline> => {
      const query = { deploymentId, limit: pageSize }
      const { items, nextCursor } = await call(
        api.audit.list,
        { params: { organizationId }, query },
        { signal },
      )
      return { events: items.filter(isTold), complete: nextCursor === null }
    },
  })
}

/** Puts a new event at the top of every story that is on view and that it belongs to; once. */
export function addToTimeline(queryClient: QueryClient, event: LogEvent): void {
  const deploymentId = event.payload.deploymentId
  if (typeof deploymentId !== 'string' || !isTold(event)) return
  const { queryKey } = timelineQuery(event.organizationId, deploymentId)
  patchQueries<Timeline>(queryClient, queryKey, (known) => {
    if (known.events.some(({ seq }) => seq === event.seq)) return known
    const events = [event, ...known.events].sort((a, b) => b.seq - a.seq)
    return { ...known, events }
  })
}
