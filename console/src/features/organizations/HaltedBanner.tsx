import { haltedSentence } from '@berth/contracts'
import { useQuery } from '@tanstack/react-query'
import { Ban } from 'lucide-react'
import type { Membership } from '../../app/session.ts'
import { Inert } from '../../ui/Inert.tsx'
import { Time } from '../../ui/Time.tsx'
import { organizationQuery } from './queries.ts'

/** Above every page of an organization that is not active: what that means, why, and since when. */
export function HaltedBanner({ organization }: { organization: Membership }) {
  const { data } = useQuery(organizationQuery(organization.id))
  if (organization.state === 'active') return null
  const { stateReason: reason, stateSince: since } = data ?? {}
  return (
    <div
      role="status"
      className="flex items-start gap-2.5 border-b border-bad bg-bad-bg px-4 py-2 text-sm sm:px-5"
    >
      <Ban aria-hidden className="mt-0.5 size-4 shrink-0 text-bad" />
      <p className="min-w-0 break-words">
        <b className="font-semibold">{haltedSentence[organization.state]}</b>{' '}
        {reason && (
          <>
            Why: <Inert text={reason.replace(/[.\s]+$/, '')} />.{' '}
          </>
        )}
        {since && (
          <span className="text-ink-2">
            {organization.state === 'closed' ? 'Closed' : 'Suspended'} <Time at={since} ago />.
          </span>
        )}
      </p>
    </div>
  )
}
