import type { QueryClient } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import { addToAudit } from '../features/audit/queries.ts'
import { applyLifecycleEvent } from '../features/lifecycle/live.ts'
import { feed } from '../stream/feed.ts'
import type { LiveState } from '../stream/protocol.ts'
import { meQuery } from './session.ts'

/** While the stream is away, snapshots are taken this often; ms. */
const snapshotEveryMs = 10_000

/** Leads the stream's events into the query cache, for as long as the page lives. */
export function connectFeed(queryClient: QueryClient, onEnded: () => void): void {
  feed.listen({
    onEvent(event) {
      applyLifecycleEvent(queryClient, event)
      addToAudit(queryClient, event)
      if (/^(organization|member|user|operator)\./.test(event.type))
        void queryClient.invalidateQueries({ queryKey: meQuery.queryKey })
      if (
        /^(organization|user|subscription|invitation|member|deployment|calls|onboarding)\./.test(event.type)
      )
        void queryClient.invalidateQueries({ queryKey: ['onboarding'] })
      if (/^(user|session)\./.test(event.type)) void queryClient.invalidateQueries({ queryKey: ['account'] })
      if (/^(member|invitation)\./.test(event.type))
        void queryClient.invalidateQueries({ queryKey: ['people'] })
      if (event.type.startsWith('organization.'))
        void queryClient.invalidateQueries({ queryKey: ['organization'] })
      if (event.type.startsWith('token.')) void queryClient.invalidateQueries({ queryKey: ['tokens'] })
      if (/^(server|release)\./.test(event.type))
        void queryClient.invalidateQueries({ queryKey: ['catalog'] })
      if (event.type.startsWith('tier.')) void queryClient.invalidateQueries({ queryKey: ['tiers'] })
      if (/^(subscription|invoice|payment|clock|quota|member|invitation)\./.test(event.type))
        void queryClient.invalidateQueries({ queryKey: ['billing', event.organizationId] })
      if (event.type.startsWith('plan.')) void queryClient.invalidateQueries({ queryKey: ['plans'] })
      if (/^(user|operator|organization|mail|webhook|drift|billing)\./.test(event.type))
        void queryClient.invalidateQueries({ queryKey: ['operator'] })
    },
    onFresh: () => void queryClient.invalidateQueries(),
    onEnded,
  })
  // The server ends the stream of somebody who joined an organization, or left one, and begins another one.
  let before = feed.state().kind
  feed.subscribeState(() => {
    const { kind } = feed.state()
    const isBack = kind === 'live' && (before === 'reconnecting' || before === 'stale')
    before = kind
    if (isBack) void queryClient.invalidateQueries({ queryKey: meQuery.queryKey })
  })
}

export function useLive(): LiveState {
  return useSyncExternalStore(feed.subscribeState, feed.state)
}

/** How often a snapshot must be taken: never while the stream stands. */
export function useSnapshotInterval(): number | false {
  const { kind } = useLive()
  return kind === 'stale' ? snapshotEveryMs : false
}
