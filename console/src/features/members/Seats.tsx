import { useQuery } from '@tanstack/react-query'
import { useOrganization, whyNot } from '../../app/session.ts'
import { quotasQuery } from '../billing/queries.ts'

/** How many seats are taken, as a sentence; nothing while it is not known, or where there is no limit. */
export function Seats() {
  const organization = useOrganization()
  const { data } = useQuery({
    ...quotasQuery(organization.id),
    enabled: !whyNot(organization, 'billing:read'),
  })
  const seats = data?.items.find(({ entitlementKey }) => entitlementKey === 'seats')
  if (!seats || seats.limit === null) return null
  return (
    <span className="tabular-nums">
      {seats.used} of {seats.limit} seats {seats.used === 1 ? 'is' : 'are'} taken, counting pending
      invitations.
    </span>
  )
}
