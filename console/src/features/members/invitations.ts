import { api, type Invitation } from '@berth/contracts'
import { infiniteQueryOptions } from '@tanstack/react-query'
import { call } from '../../api/client.ts'
import type { Mark } from '../../ui/StatusMark.tsx'

/** Below `people`, so that an event about an invitation or a member refreshes it. */
export function invitationsQuery(organizationId: string) {
  return infiniteQueryOptions({
    queryKey: ['people', organizationId, 'invitations'] as const,
    queryFn: ({ pageParam, signal }) =>
      call(
        api.invitations.list,
        { params: { organizationId }, query: { cursor: pageParam, limit: 100 } },
        { signal },
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
  })
}

export const invitationMarks: Record<Invitation['state'], Mark> = {
  pending: { tone: 'wait', shape: 'progress', word: 'pending' },
  accepted: { tone: 'good', shape: 'check', word: 'accepted' },
  declined: { tone: 'idle', shape: 'cross', word: 'declined' },
  revoked: { tone: 'idle', shape: 'square', word: 'revoked' },
  expired: { tone: 'idle', shape: 'none', word: 'expired' },
}
