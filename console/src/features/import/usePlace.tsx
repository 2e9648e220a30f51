import { api } from '@berth/contracts'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { call, createIdempotencyKeys, factsOf, fieldFaultsOf } from '../../api/client.ts'
import { useOrganization, whyNot } from '../../app/session.ts'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { workspacesQuery } from '../deployments/launchQueries.ts'
import { type NewWorkspace, WorkspaceFields } from '../deployments/WorkspaceFields.tsx'
import { refreshWorkspaces } from '../lifecycle/live.ts'
import { tiersQuery } from '../lifecycle/queries.ts'
import { takenNamesQuery } from './queries.ts'

const none: ReadonlySet<string> = new Set()

/** The workspace to import into: the one the URL names, or a new one. */
export function usePlace() {
  const organization = useOrganization()
  const navigate = useNavigate({ from: '/console/import' })
  const queryClient = useQueryClient()
  const search = useSearch({ from: '/console/import' })
  const workspaces = useQuery(workspacesQuery(organization.id))
  const tiers = useQuery(tiersQuery)
  const [keyOf] = useState(createIdempotencyKeys)
  const [fresh, setFresh] = useState(false)
  const [judged, setJudged] = useState(false)
  const [typed, setDraft] = useState<NewWorkspace | null>(null)

  const known = workspaces.data?.items ?? []
  const chosen = fresh ? null : (known.find(({ key }) => key === search.workspace) ?? known[0] ?? null)
  const standard = tiers.data?.items.find(({ code }) => code === 'standard') ?? tiers.data?.items[0]
  const draft = typed ?? { name: 'Main', tier: standard?.code ?? '', region: standard?.regions[0] ?? 'local' }
  const taken = useQuery({
    ...takenNamesQuery(organization.id, chosen?.id ?? ''),
    enabled: chosen !== null,
  })
  const create = useMutation({
    mutationFn: () => {
      const body = { ...draft, name: draft.name.trim() }
      const params = { organizationId: organization.id }
      return call(api.workspaces.create, { params, body }, { idempotencyKey: keyOf(body) })
    },
    onSuccess: async ({ key }) => {
      refreshWorkspaces(queryClient, organization.id)
      await workspaces.refetch()
      setFresh(false)
      await navigate({ search: (before) => ({ ...before, workspace: key }), replace: true })
    },
  })

  const unnamed = judged && chosen === null && draft.name.trim() === ''
  const faults = {
    ...fieldFaultsOf(create.error),
    ...(unnamed ? { name: 'Give the workspace a name.' } : {}),
  }
  const failed = [workspaces, tiers].find(({ isError }) => isError)
  return {
    /** Names that deployments of it have. */
    taken: taken.data ?? none,
    refused: chosen === null ? whyNot(organization, 'workspaces:write') : null,
    creating: create.isPending,
    key: chosen?.key,
    /** Its id, once it is there; null where it cannot be made, which the fields then say. */
    async ensure(): Promise<string | null> {
      setJudged(true)
      if (chosen) return chosen.id
      if (draft.name.trim() === '') return null
      try {
        return (await create.mutateAsync()).id
      } catch {
        return null
      }
    },
    fields: failed ? (
      <ErrorPanel {...factsOf(failed.error)} onRetry={() => void failed.refetch()} />
    ) : workspaces.data && tiers.data ? (
      <div className="flex flex-col gap-3">
        <WorkspaceFields
          workspaces={known}
          tiers={tiers.data.items}
          chosen={chosen?.id ?? null}
          onChoose={(next) => {
            setFresh(next === null)
            const key = known.find((one) => one.id === next)?.key
            if (key) void navigate({ search: (before) => ({ ...before, workspace: key }), replace: true })
          }}
          draft={draft}
          onDraft={setDraft}
          faults={faults}
        />
        {create.error && <ErrorPanel {...factsOf(create.error)} />}
      </div>
    ) : (
      <Skeleton className="h-[52px] w-full" />
    ),
  }
}
