import { useQuery } from '@tanstack/react-query'
import { Outlet, useNavigate, useSearch } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { ActionsProvider } from '../app/actions.tsx'
import { useKeys } from '../app/keys.ts'
import { findOrganization, meQuery, useOrganization } from '../app/session.ts'
import { EmptyState } from '../ui/EmptyState.tsx'
import { peopleQuery } from '../features/lifecycle/queries.ts'
import { Button } from '../ui/Button.tsx'
import { Framed } from './Root.tsx'
import { SideNav } from './SideNav.tsx'
import { TopBar } from './TopBar.tsx'

// Asked for by few people or late: none of these belongs to a page's first load.
const CreateOrganization = lazy(async () => ({
  default: (await import('../features/organizations/CreateOrganization.tsx')).CreateOrganization,
}))
const HaltedBanner = lazy(async () => ({
  default: (await import('../features/organizations/HaltedBanner.tsx')).HaltedBanner,
}))
const ConsolePalette = lazy(async () => ({ default: (await import('./ConsolePalette.tsx')).ConsolePalette }))
const PlacesSheet = lazy(async () => ({ default: (await import('./PlacesSheet.tsx')).PlacesSheet }))
const KeysHelp = lazy(async () => ({ default: (await import('./KeysHelp.tsx')).KeysHelp }))

/** Everything below /console: the frame around the page, or the first step of somebody without an organization. */
export function Console() {
  const [creating, setCreating] = useState(false)
  const { data: me } = useQuery(meQuery)
  const { org } = useSearch({ from: '/console' })
  // Signed out meanwhile; the router is on its way to the sign-in page.
  if (!me) return null
  const organization = findOrganization(me, org)
  if (me.organizations.length === 0 || creating)
    return (
      <Suspense>
        <CreateOrganization first={!creating} onDone={() => setCreating(false)} />
      </Suspense>
    )
  if (!organization) return <NoSuchOrganization org={org!} />
  return (
    <ActionsProvider key={organization.id}>
      <Frame onCreateOrganization={() => setCreating(true)} />
    </ActionsProvider>
  )
}

function NoSuchOrganization({ org }: { org: string }) {
  const navigate = useNavigate()
  return (
    <main className="mx-auto max-w-[560px] px-4 pt-[16vh]">
      <title>No such organization · Berth</title>
      <EmptyState
        title={`There is no organization “${org}” for you`}
        action={
          <Button
            look="primary"
            onClick={() => void navigate({ to: '/console/lifecycle', search: { org: undefined } })}
          >
            Go to your own
          </Button>
        }
      >
        It does not exist, or you are not a member of it. One of its owners can add you.
      </EmptyState>
    </main>
  )
}

function Frame({ onCreateOrganization }: { onCreateOrganization: () => void }) {
  const [open, setOpen] = useState<'palette' | 'places' | 'keys' | null>(null)
  useKeys({ 'mod+k': () => setOpen('palette'), '?': () => setOpen('keys') })
  const organization = useOrganization()
  // Names of people are wanted on every page; asking here lets them arrive early.
  useQuery(peopleQuery(organization.id))
  return (
    <div className="grid h-dvh grid-cols-[minmax(0,1fr)] grid-rows-[auto_minmax(0,1fr)] xl:grid-cols-[208px_minmax(0,1fr)]">
      <a
        href="#page"
        className="absolute -top-12 left-2 z-50 rounded-md bg-accent px-3 py-1 text-accent-ink focus:top-2"
      >
        Skip to the page
      </a>
      <TopBar
        onPalette={() => setOpen('palette')}
        onPlaces={() => setOpen('places')}
        onKeys={() => setOpen('keys')}
        onCreateOrganization={onCreateOrganization}
      />
      <SideNav />
      <div id="page" tabIndex={-1} className="flex min-h-0 min-w-0 flex-col outline-none">
        <Suspense>{organization.state !== 'active' && <HaltedBanner organization={organization} />}</Suspense>
        <div className="min-h-0 flex-1">
          <Framed value={true}>
            <Outlet />
          </Framed>
        </div>
      </div>
      <Suspense>
        {open === 'palette' && (
          <ConsolePalette onClose={() => setOpen(null)} onKeys={() => setOpen('keys')} />
        )}
        {open === 'places' && <PlacesSheet onClose={() => setOpen(null)} onKeys={() => setOpen('keys')} />}
        {open === 'keys' && (
          <KeysHelp
            shell={[
              { key: 'mod+k', label: 'Search or act' },
              { key: '?', label: 'Show these keys' },
            ]}
            onClose={() => setOpen(null)}
          />
        )}
      </Suspense>
    </div>
  )
}
