import type { Deployment } from '@berth/contracts'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useOrganization, whyNot } from '../../../app/session.ts'
import { peopleQuery } from '../../lifecycle/queries.ts'
import { tokensQuery } from '../../tokens/owner.ts'

export type Callers = ReadonlyMap<string, string>

/** The names of those who call a deployment: members, and the agents of its workspace for who may see their tokens. */
export function useCallers({ organizationId, workspaceId }: Deployment): Callers {
  const organization = useOrganization()
  const { data: people } = useQuery(peopleQuery(organization.id))
  const { data: tokens } = useQuery({
    ...tokensQuery({ kind: 'workspace', workspace: { organizationId, id: workspaceId } }),
    enabled: !whyNot(organization, 'tokens:read'),
  })
  return useMemo(
    () => new Map([...(people ?? []), ...(tokens?.items ?? []).map(({ id, name }) => [id, name] as const)]),
    [people, tokens],
  )
}
