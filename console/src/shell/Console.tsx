import type { Me } from '@berth/contracts'
import { useQuery } from '@tanstack/react-query'
import { Navigate, Outlet, useLocation, useNavigate, useSearch } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { ActionsProvider } from '../app/actions.tsx'
import { useKeys } from '../app/keys.ts'
import { findOrganization, meQuery, useOrganization } from '../app/session.ts'
import { peopleQuery } from '../features/lifecycle/queries.ts'
import { Button } from '../ui/Button.tsx'
import { Framed, Lonely } from './Root.tsx'
import { SideNav } from './SideNav.tsx'
import { TopBar } from './TopBar.tsx'

// Asked for by few people or late: none of these belongs to a page's first load.
const CreateOrganization = lazy(async () => ({
  default: (await import('../features/organizations/CreateOrganization.tsx')).CreateOrganization,
}))
const HaltedBanner = lazy(async () => ({
  default: (await import('../features/organizations/HaltedBanner.tsx')).HaltedBanner,
}))
const BillingBanner = lazy(async () => ({
  default: (await import('../features/billing/BillingBanner.tsx')).BillingBanner,
}))
const ConfirmBanner = lazy(async () => ({
  default: (await import('../features/identity/ConfirmBanner.tsx')).ConfirmBanner,
}))
const ConsolePalette = lazy(async () => ({ default: (await import('./ConsolePalette.tsx')).ConsolePalette }))
const PlacesSheet = lazy(async () => ({ default: (await import('./PlacesSheet.tsx')).PlacesSheet }))
const KeysHelp = lazy(async () => ({ default: (await import('./KeysHelp.tsx')).KeysHelp }))

/** Everything below /console: the frame around the page. */
export function Console() {
  const [creating, setCreating] = useState(false)
  const { data: me } = useQuery(meQuery)
  const { org } = useSearch({ from: '/console' })
  // Signed out meanwhile; the router is on its way to the sign-in page.
  if (!me) return null
  const organization = findOrganization(me, org)
  if (creating)
    return (
      <Suspense>
        <CreateOrganization onDone={() => setCreating(false)} />
      </Suspense>
    )
  // Taken out of the last one meanwhile.
  if (!organization && !org) return <Navigate to="/onboarding" replace />
  if (!organization) return <NoSuchOrganization org={org!} me={me} />
  return (
    <ActionsProvider key={organization.id}>
      <Frame onCreateOrganization={() => setCreating(true)} />
    </ActionsProvider>
  )
}

/** One that was named and is not there for this person, or is no longer; it appears by itself when they are added. */
function NoSuchOrganization({ org, me }: { org: string; me: Me }) {
  const navigate = useNavigate()
  const own = findOrganization(me, undefined)
  return (
    <Lonely title={`There is no organization “${org}” for you`}>
      <p className="text-ink-2">
        It does not exist, it was closed, or you are not a member of it. One of its owners can add you
        {me.user && ` by the address you are signed in with, ${me.user.email}`}.
      </p>
      <Button
        look="primary"
        className="mt-4"
        onClick={() => void navigate({ to: '/console/lifecycle', search: { org: undefined } })}
      >
        {own ? `Go to ${own.name}` : 'Create one of your own'}
      </Button>
    </Lonely>
  )
}

function Frame({ onCreateOrganization }: { onCreateOrganization: () => void }) {
  const [open, setOpen] = useState<'palette' | 'places' | 'keys' | null>(null)
  useKeys({ 'mod+k': () => setOpen('palette'), '?': () => setOpen('keys') })
  const organization = useOrganization()
  const { data: me } = useQuery(meQuery)
  // The pages for the installation as a whole tell nothing of the organization that was looked at last.
  const operating = useLocation({ select: ({ pathname }) => pathname.startsWith('/console/operator') })
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
        <Suspense>
          {!operating &&
            (organization.state === 'active' ? (
              <BillingBanner organization={organization} />
            ) : (
              <HaltedBanner organization={organization} />
            ))}
        </Suspense>
        <Suspense>{me?.confirmEmail === 'should' && <ConfirmBanner me={me} />}</Suspense>
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
