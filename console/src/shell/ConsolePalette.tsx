import { api, type Workspace } from '@berth/contracts'
import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useDeferredValue, useMemo, useState } from 'react'
import { call } from '../api/client.ts'
import { useActions } from '../app/actions.tsx'
import { useMe } from '../app/session.ts'
import { chooseTheme } from '../app/theme.ts'
import { openDocumentation } from './documentation.ts'
import { type Command, Palette } from './Palette.tsx'
import { operatorPlaces, places } from './places.ts'
import { useSignOut } from './useSignOut.ts'
import { useWorkspaces } from './useWorkspaces.ts'

/** At most so many workspaces are asked for by what is typed, and so many servers of each are offered. */
const most = 20

/** What the palette offers: this page's actions first, then places, then things by name. */
export function ConsolePalette({ onClose, onKeys }: { onClose: () => void; onKeys: () => void }) {
  const actions = useActions()
  const router = useRouter()
  const me = useMe()
  const signOut = useSignOut()
  const { organization, workspaces } = useWorkspaces()
  const [text, setText] = useState('')
  const { data: found } = useQuery(foundQuery(organization.id, useDeferredValue(text.trim())))
  const commands = useMemo((): Command[] => {
    const go = (href: string) => () => void router.navigate({ href })
    const org = encodeURIComponent(organization.slug)
    return [
      ...actions.map((action) => ({ ...action, group: 'This page' })),
      ...places.map(({ to, label }) => ({
        id: to,
        group: 'Places',
        label,
        run: go(`${to.replace('$organizationId', org)}?org=${org}`),
      })),
      { id: 'account', group: 'Places', label: 'Account', run: go(`/console/account?org=${org}`) },
      ...(me.platformRoles.includes('operator') ? operatorPlaces : []).map(({ to, label }) => ({
        id: to,
        group: 'Operator',
        label,
        run: go(`${to}?org=${org}`),
      })),
      ...newOnes(
        workspaces,
        found?.items.map(({ workspace }) => workspace),
      ).map(({ id, key, name, tier, region }) => ({
        id,
        group: 'Workspaces',
        label: name,
        hint: `${tier} · ${region}`,
        run: go(`/console/lifecycle?org=${org}&workspace=${encodeURIComponent(key)}`),
      })),
      ...(found?.items ?? []).flatMap(({ workspace, deployments }) =>
        deployments.slice(0, most).map(({ id, name, server }) => ({
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
      { id: 'documentation', group: 'Console', label: 'Documentation', run: openDocumentation },
      { id: 'keys', group: 'Console', label: 'Show keys', key: '?', run: onKeys },
      { id: 'sign-out', group: 'Console', label: 'Sign out', run: signOut },
    ]
  }, [actions, router, organization, workspaces, found, me, signOut, onKeys])
  return <Palette commands={commands} onText={setText} onClose={onClose} />
}

/** Those first that are there already: what is found must not move what is about to be chosen. */
function newOnes(known: readonly Workspace[], found: readonly Workspace[] = []): Workspace[] {
  const ids = new Set(known.map(({ id }) => id))
  return [...known, ...found.filter(({ id }) => !ids.has(id))]
}

/** Workspaces and servers of that name, wherever they are; the newest ones without. */
function foundQuery(organizationId: string, search: string) {
  return queryOptions({
    queryKey: ['lifecycle-found', organizationId, search] as const,
    queryFn: ({ signal }) =>
      call(
        api.lifecycle.snapshot,
        { query: { organizationId, search: search || undefined, limit: most, runLimit: 0 } },
        { signal },
      ),
    placeholderData: keepPreviousData,
    staleTime: 5_000,
  })
}
