import { useQuery } from '@tanstack/react-query'
import { Link, useLocation } from '@tanstack/react-router'
import { useSnapshotInterval } from '../app/live.ts'
import { useMe, useOrganization } from '../app/session.ts'
import { troubles } from '../features/lifecycle/marks.ts'
import { countsQuery } from '../features/lifecycle/queries.ts'
import { cx } from '../ui/cx.ts'
import { operatorPlaces, type Place, places } from './places.ts'

/** The pages, at the left where there is room. */
export function SideNav() {
  return (
    <nav
      aria-label="Pages"
      className="hidden overflow-y-auto border-r border-line bg-panel px-2 py-3 xl:block"
    >
      <PlaceLinks />
    </nav>
  )
}

/** A link to each page; what needs attention is counted beside its own. */
export function PlaceLinks({ onGo }: { onGo?: () => void }) {
  const { platformRoles } = useMe()
  return (
    <>
      {places.map((place) => (
        <PlaceLink key={place.to} place={place} onGo={onGo} />
      ))}
      {platformRoles.includes('operator') && (
        <>
          <h3 className="mt-4 mb-1 px-2">Operator</h3>
          {operatorPlaces.map((place) => (
            <PlaceLink key={place.to} place={place} onGo={onGo} />
          ))}
        </>
      )}
    </>
  )
}

function PlaceLink({ place: { to, label, within }, onGo }: { place: Place; onGo: (() => void) | undefined }) {
  const organization = useOrganization()
  const isWithin = useLocation({
    select: ({ pathname }) => within?.some((start) => pathname.startsWith(start)) ?? false,
  })
  return (
    <Link
      to={to}
      aria-current={isWithin ? 'true' : undefined}
      {...(onGo ? { onClick: onGo } : {})}
      params={{ organizationId: organization.slug }}
      search={{ org: organization.slug }}
      activeOptions={{ includeSearch: false }}
      className="flex h-[30px] items-center rounded-md px-2 text-ink-2 hover:bg-bg [&[aria-current]]:bg-accent-bg [&[aria-current]]:font-semibold [&[aria-current]]:text-accent"
    >
      {label}
      {to === '/console/lifecycle' && <Attention />}
    </Link>
  )
}

/** How many deployments somebody should look at. */
function Attention() {
  const organization = useOrganization()
  const { data: counts } = useQuery({
    ...countsQuery(organization.id),
    refetchInterval: useSnapshotInterval(),
  })
  const attention = troubles.reduce((sum, word) => sum + (counts?.byStatus[word] ?? 0), 0)
  if (!counts || attention === 0) return null
  const grave = counts.byStatus.failed + counts.byStatus.quarantined > 0
  return (
    <span
      title={`${attention} held, failed, degraded or quarantined`}
      className={cx('ml-auto text-2xs font-semibold', grave ? 'text-bad' : 'text-wait')}
    >
      {attention.toLocaleString('en')}
      <span className="sr-only"> need attention</span>
    </span>
  )
}
