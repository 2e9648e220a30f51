import { useQuery } from '@tanstack/react-query'
import { Outlet, useNavigate, useRouter, useSearch } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { ActionsProvider, useActions } from '../app/actions.tsx'
import { useKeys } from '../app/keys.ts'
import { findOrganization, useMe } from '../app/session.ts'
import { chooseTheme } from '../app/theme.ts'
import { CreateOrganization } from '../features/organizations/CreateOrganization.tsx'
import { EmptyState } from '../ui/EmptyState.tsx'
import { peopleQuery } from '../features/lifecycle/queries.ts'
import { Button } from '../ui/Button.tsx'
import { KeysHelp } from './KeysHelp.tsx'
import { places } from './places.ts'
import { type Command, Palette } from './Palette.tsx'
import { SideNav } from './SideNav.tsx'
import { TopBar } from './TopBar.tsx'
import { useSignOut } from './useSignOut.ts'
import { useWorkspaces } from './useWorkspaces.ts'

/** Everything below /console: the frame around the page, or the first step of somebody without an organization. */
export function Console() {
  const me = useMe()
  const { org } = useSearch({ from: '/console' })
  const organization = findOrganization(me, org)
  const [creating, setCreating] = useState(false)
  if (me.organizations.length === 0) return <CreateOrganization first />
  if (creating) return <CreateOrganization onDone={() => setCreating(false)} />
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
  const [open, setOpen] = useState<'palette' | 'keys' | null>(null)
  useKeys({ 'mod+k': () => setOpen('palette'), '?': () => setOpen('keys') })
  const { organization } = useWorkspaces()
  // Names of people are wanted on every page; asking here lets them arrive early.
  useQuery(peopleQuery(organization.id))
  return (
    <div className="grid h-dvh grid-cols-[minmax(0,1fr)] grid-rows-[48px_minmax(0,1fr)] xl:grid-cols-[208px_minmax(0,1fr)]">
      <a
        href="#page"
        className="absolute -top-12 left-2 z-50 rounded-md bg-accent px-3 py-1 text-accent-ink focus:top-2"
      >
        Skip to the page
      </a>
      <TopBar
        onPalette={() => setOpen('palette')}
        onKeys={() => setOpen('keys')}
        onCreateOrganization={onCreateOrganization}
      />
      <SideNav />
      <div id="page" tabIndex={-1} className="min-h-0 min-w-0 outline-none">
        <Outlet />
      </div>
      {open === 'palette' && <ConsolePalette onClose={() => setOpen(null)} onKeys={() => setOpen('keys')} />}
      {open === 'keys' && (
        <KeysHelp
          shell={[
            { key: 'mod+k', label: 'Search or act' },
            { key: '?', label: 'Show these keys' },
          ]}
          onClose={() => setOpen(null)}
        />
      )}
    </div>
  )
}

function ConsolePalette({ onClose, onKeys }: { onClose: () => void; onKeys: () => void }) {
  const actions = useActions()
  const router = useRouter()
  const me = useMe()
  const signOut = useSignOut()
  const { organization, workspaces, snapshots } = useWorkspaces()
  const commands = useMemo((): Command[] => {
    const go = (href: string) => () => void router.navigate({ href })
    const org = encodeURIComponent(organization.slug)
    return [
      ...actions.map((action) => ({ ...action, group: 'This page' })),
      ...places.map(({ to, label }) => ({ id: to, group: 'Places', label, run: go(`${to}?org=${org}`) })),
      ...workspaces.map(({ id, key, name, tier, region }) => ({
        id,
        group: 'Workspaces',
        label: name,
        hint: `${tier} · ${region}`,
        run: go(`/console/lifecycle?org=${org}&workspace=${encodeURIComponent(key)}`),
      })),
      ...snapshots.flatMap(({ workspace, deployments }) =>
        deployments.map(({ id, name, server }) => ({
          id,
          group: 'Servers',
          label: name,
          hint: `${server} · ${workspace.name}`,
          run: go(`/console/lifecycle?org=${org}&deployment=${id}`),
        })),
      ),
      ...me.organizations
        .filter(({ id }) => id !== organization.id)
        .map(({ id, slug, name }) => ({
          id,
          group: 'Organizations',
          label: name,
          run: go(`/console/lifecycle?org=${encodeURIComponent(slug)}`),
        })),
      { id: 'light', group: 'Console', label: 'Light theme', run: () => chooseTheme('light') },
      { id: 'dark', group: 'Console', label: 'Dark theme', run: () => chooseTheme('dark') },
      { id: 'keys', group: 'Console', label: 'Show keys', key: '?', run: onKeys },
      { id: 'sign-out', group: 'Console', label: 'Sign out', run: signOut },
    ]
  }, [actions, router, organization, workspaces, snapshots, me, signOut, onKeys])
  return <Palette commands={commands} onClose={onClose} />
}
