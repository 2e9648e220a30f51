import { api, haltedSentence, type Me, type Permission } from '@berth/contracts'
import { type QueryClient, queryOptions, useSuspenseQuery } from '@tanstack/react-query'
import { useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { call, isSignedOut } from '../api/client.ts'

/** Who is signed in; null when nobody is. */
export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: async ({ signal }): Promise<Me | null> => {
    try {
      return await call(api.identity.me, {}, { signal })
    } catch (error) {
      if (isSignedOut(error)) return null
      throw error
    }
  },
  staleTime: 60_000,
})

export type Membership = Me['organizations'][number]

const lastKey = 'berth.organization'

/** The person and their organizations; only below the console, where somebody is signed in. */
export function useMe(): Me {
  const { data } = useSuspenseQuery(meQuery)
  const [last, setLast] = useState(data)
  if (data && data !== last) setLast(data)
  // Signed out meanwhile: what is still on view shows them until it is gone.
  return data ?? last!
}

/** The organization on view: the one the URL names, else the last one looked at, else the first. */
export function useOrganization(): Membership {
  const { org } = useSearch({ strict: false })
  const found = findOrganization(useMe(), org)
  const [last, setLast] = useState(found)
  if (found && found !== last) setLast(found)
  // It was closed, or the person left it: what is still on view shows it until it is gone.
  const shown = found ?? last
  if (!shown) throw new Error('A page of an organization was shown without one.')
  return shown
}

/** Null when `org` names none of the person's organizations. */
export function findOrganization(me: Me, org: string | undefined): Membership | null {
  const wanted = org ?? lastOrganization()
  const named = me.organizations.find(({ id, slug }) => id === wanted || slug === wanted)
  return named ?? (org === undefined ? (me.organizations[0] ?? null) : null)
}

export function rememberOrganization(id: string): void {
  try {
    localStorage.setItem(lastKey, id)
  } catch {
    // Storage may be closed; the first organization is then shown next time.
  }
}

function lastOrganization(): string | null {
  try {
    return localStorage.getItem(lastKey)
  } catch {
    return null
  }
}

/** Why the person may not do this here, as a sentence; null when they may. */
export function whyNot(organization: Membership, permission: Permission): string | null {
  if (organization.permissions.includes(permission)) return null
  if (organization.state !== 'active') return haltedSentence[organization.state]
  const role = organization.role ? `Your role in ${organization.name}, ${organization.role},` : 'Your sign-in'
  return `${role} does not include ${permission}. An owner or admin can change that.`
}

/** Forgets everything about the person who was signed in; told a second time, it leaves what the sign-in page reads. */
export function forgetPerson(queryClient: QueryClient): void {
  if (queryClient.getQueryData(meQuery.queryKey) === null) return
  queryClient.setQueryData(meQuery.queryKey, null)
  queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== meQuery.queryKey[0] })
  queryClient.getMutationCache().clear()
}
