import { useRouter } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useActions } from '../app/actions.tsx'
import { useMe } from '../app/session.ts'
import { chooseTheme } from '../app/theme.ts'
import { type Command, Palette } from './Palette.tsx'
import { operatorPlaces, places } from './places.ts'
import { useSignOut } from './useSignOut.ts'
import { useWorkspaces } from './useWorkspaces.ts'

/** What the palette offers: this page's actions first, then places, then things by name. */
export function ConsolePalette({ onClose, onKeys }: { onClose: () => void; onKeys: () => void }) {
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
      ...(me.platformRoles.includes('operator') ? operatorPlaces : []).map(({ to, label }) => ({
        id: to,
        group: 'Operator',
        label,
        run: go(`${to}?org=${org}`),
      })),
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
          run: go(`/console/deployments/${id}?org=${org}`),
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
