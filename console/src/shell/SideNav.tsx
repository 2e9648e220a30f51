import { Link } from '@tanstack/react-router'
import { needsAttention } from '../features/lifecycle/marks.ts'
import { places } from './places.ts'
import { useWorkspaces } from './useWorkspaces.ts'

/** The pages, at the left where there is room. */
export function SideNav() {
  const { organization, snapshots } = useWorkspaces()
  const attention = snapshots.flatMap(({ deployments }) => deployments).filter(needsAttention).length
  return (
    <nav aria-label="Pages" className="hidden border-r border-line bg-panel px-2 py-3 xl:block">
      {places.map(({ to, label }) => (
        <Link
          key={to}
          to={to}
          search={{ org: organization.slug }}
          activeOptions={{ includeSearch: false }}
          className="flex h-[30px] items-center rounded-md px-2 text-ink-2 hover:bg-bg aria-[current=page]:bg-accent-bg aria-[current=page]:font-semibold aria-[current=page]:text-accent"
        >
          {label}
          {to === '/console/lifecycle' && attention > 0 && (
            <span
              title={`${attention} held, failed, degraded or quarantined`}
              className="ml-auto text-2xs font-semibold text-bad"
            >
              {attention}
              <span className="sr-only"> need attention</span>
            </span>
          )}
        </Link>
      ))}
    </nav>
  )
}
