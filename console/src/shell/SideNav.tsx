import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useMe } from '../app/session.ts'
import { needsAttention } from '../features/lifecycle/marks.ts'
import { operatorPlaces, type Place, places } from './places.ts'
import { useWorkspaces } from './useWorkspaces.ts'

/** The pages, at the left where there is room. */
export function SideNav() {
  const { platformRoles } = useMe()
  const { snapshots } = useWorkspaces()
  const attention = snapshots.flatMap(({ deployments }) => deployments).filter(needsAttention).length
  return (
    <nav
      aria-label="Pages"
      className="hidden overflow-y-auto border-r border-line bg-panel px-2 py-3 xl:block"
    >
      {places.map((place) => (
        <PlaceLink key={place.to} {...place}>
          {place.to === '/console/lifecycle' && attention > 0 && (
            <span
              title={`${attention} held, failed, degraded or quarantined`}
              className="ml-auto text-2xs font-semibold text-bad"
            >
              {attention}
              <span className="sr-only"> need attention</span>
            </span>
          )}
        </PlaceLink>
      ))}
      {platformRoles.includes('operator') && (
        <>
          <h3 className="mt-4 mb-1 px-2">Operator</h3>
          {operatorPlaces.map((place) => (
            <PlaceLink key={place.to} {...place} />
          ))}
        </>
      )}
    </nav>
  )
}

function PlaceLink({ to, label, children }: Place & { children?: ReactNode }) {
  const { organization } = useWorkspaces()
  return (
    <Link
      to={to}
      search={{ org: organization.slug }}
      activeOptions={{ includeSearch: false }}
      className="flex h-[30px] items-center rounded-md px-2 text-ink-2 hover:bg-bg aria-[current=page]:bg-accent-bg aria-[current=page]:font-semibold aria-[current=page]:text-accent"
    >
      {label}
      {children}
    </Link>
  )
}
