import { api, type LogEvent } from '@berth/contracts'
import { type QueryClient, queryOptions } from '@tanstack/react-query'
import { call } from '../../api/client.ts'

const enough = 40
const pageSize = 200
const pagesAtMost = 5

/** Whether an event belongs to the story of a deployment. */
function tellsOf(event: LogEvent, deploymentId: string): boolean {
  return event.payload.deploymentId === deploymentId
}

/** The story of one deployment, newest first, read from the organization's log. */
export function timelineQuery(organizationId: string, deploymentId: string) {
  return queryOptions({
    queryKey: ['timeline', organizationId, deploymentId] as const,
    queryFn: async ({ signal }): Promise<{ events: LogEvent[]; complete: boolean }> => {
      const events: LogEvent[] = []
      let cursor: string | undefined
      for (let page = 0; page < pagesAtMost && events.length < enough; page++) {
        const { items, nextCursor } = await call(
          api.audit.list,
          { params: { organizationId }, query: { limit: pageSize, cursor } },
          { signal },
        )
        events.push(...items.filter((event) => tellsOf(event, deploymentId)))
        if (!nextCursor) return { events, complete: true }
        cursor = nextCursor
      }
      return { events, complete: false }
    },
  })
}

/** Puts a new event at the top of every story that is on view and that it belongs to; once. */
export function addToTimeline(queryClient: QueryClient, event: LogEvent): void {
  const deploymentId = event.payload.deploymentId
  if (typeof deploymentId !== 'string') return
  const { queryKey } = timelineQuery(event.organizationId, deploymentId)
  queryClient.setQueryData(queryKey, (known) => {
    if (!known || known.events.some(({ seq }) => seq === event.seq)) return known
    const events = [event, ...known.events].sort((a, b) => b.seq - a.seq)
    return { ...known, events }
  })
}
