import type { Subscription } from '@berth/contracts'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { CircleAlert } from 'lucide-react'
import { type Membership, whyNot } from '../../app/session.ts'
import { cx } from '../../ui/cx.ts'
import { matterOf } from './matter.ts'
import { subscriptionQuery, useOrganizationNow } from './queries.ts'

/** Above every page, while the subscription needs somebody: what is the matter, what follows, and where to do something about it. */
export function BillingBanner({ organization }: { organization: Membership }) {
  const unreadable = whyNot(organization, 'billing:read')
  const { data } = useQuery({ ...subscriptionQuery(organization.id), enabled: !unreadable })
  if (unreadable || !data) return null
  return <Shown organization={organization} subscription={data} />
}

function Shown({ organization, subscription }: { organization: Membership; subscription: Subscription }) {
  const { now } = useOrganizationNow(organization.id)
  const matter = matterOf(subscription, now)
  if (!matter) return null
  const { tone, what, next } = matter
  return (
    <div
      role="status"
      className={cx(
        'flex items-start gap-2.5 border-b px-4 py-2 text-sm sm:px-5',
        tone === 'bad' ? 'border-bad bg-bad-bg' : 'border-wait bg-wait-bg',
      )}
    >
      <CircleAlert
        aria-hidden
        className={cx('mt-0.5 size-4 shrink-0', tone === 'bad' ? 'text-bad' : 'text-wait')}
      />
      <p className="min-w-0 break-words">
        <b className="font-semibold">{what}</b> {next}{' '}
        <Link
          to="/console/billing/$organizationId"
          params={{ organizationId: organization.slug }}
          search={{ org: organization.slug }}
          className="rounded-sm font-[550] text-accent underline"
          // Who is there already is not sent anywhere.
          activeProps={{ className: 'hidden' }}
          activeOptions={{ includeSearch: false }}
        >
          Go to billing
        </Link>
      </p>
    </div>
  )
}
