import { api, type Workspace } from '@berth/contracts'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { useCallback, useMemo, useState } from 'react'
import { call, factsOf, fieldFaultsOf } from '../../api/client.ts'
import { useSnapshotInterval } from '../../app/live.ts'
import { useOrganization, whyNot } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Id } from '../../ui/Id.tsx'
import { Panel } from '../../ui/Panel.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { StatusMark } from '../../ui/StatusMark.tsx'
import { sayDone } from '../../ui/Toast.tsx'
import type { DeploymentRow } from '../lifecycle/groups.ts'
import { LifecycleSkeleton, LifecycleTable, useGroups } from '../lifecycle/LifecycleTable.tsx'
import { refreshWorkspaces } from '../lifecycle/live.ts'
import { lifecycleQuery } from '../lifecycle/queries.ts'
import { workspaceQuery } from './queries.ts'
import { ServiceTokens } from './ServiceTokens.tsx'

/** One workspace: what runs in it, the tokens of its agents, and its name. */
export function WorkspacePage() {
  const organization = useOrganization()
  const { workspaceId } = useParams({ from: '/console/workspaces/$workspaceId' })
  const navigate = useNavigate()
  const workspace = useQuery({
    ...workspaceQuery(organization.id, workspaceId),
    refetchInterval: useSnapshotInterval(),
  })
  const filter = useMemo(() => ({ workspaceId }), [workspaceId])
  const snapshots = useInfiniteQuery({
    ...lifecycleQuery(organization.id, filter),
    refetchInterval: useSnapshotInterval(),
  })
  const groups = useGroups(snapshots.data, filter)
  const open = useCallback(
    ({ id }: DeploymentRow) =>
      void navigate({
        to: '/console/deployments/$deploymentId',
        params: { deploymentId: id },
        search: { org: organization.slug },
      }),
    [navigate, organization.slug],
  )
  const launchWhyNot =
    whyNot(organization, 'deployments:write') ??
    (workspace.data?.state === 'archived' ? 'An archived workspace runs nothing; restore it first.' : null)
  return (
    <main className="@container h-full overflow-y-auto px-4 py-4 sm:px-5">
      <title>{`${workspace.data?.name ?? 'Workspace'} · ${organization.name} · Berth`}</title>
      <div className="mb-3 flex items-start gap-3">
        <div className="min-w-0 flex-1">
          <h1 className="truncate">
            {workspace.data?.name ?? (workspace.isError ? 'Unknown workspace' : 'Workspace')}
          </h1>
          {workspace.data && (
            <p className="flex flex-wrap items-center gap-x-1.5 text-xs text-ink-2">
              <span>
                {workspace.data.tier} · {workspace.data.region} ·{' '}
                <span className="font-mono">{workspace.data.key}</span> ·
              </span>
              <Id value={workspace.data.id} what="workspace id" />
              {workspace.data.state !== 'active' && (
                <StatusMark tone="wait" shape="square" word={workspace.data.state} />
              )}
            </p>
          )}
          {workspace.isPending && <Skeleton className="mt-1.5 w-56" />}
        </div>
        {workspace.data && (
          <Button
            look="primary"
            whyNot={launchWhyNot}
            onClick={() =>
              void navigate({
                to: '/console/lifecycle',
                search: { org: organization.slug, workspace: workspace.data.key, launch: true },
              })
            }
          >
            Launch a server
          </Button>
        )}
      </div>
      {workspace.isError && (
        <ErrorPanel {...factsOf(workspace.error)} onRetry={() => void workspace.refetch()} />
      )}
      {workspace.isPending && <LifecycleSkeleton />}
      {workspace.data && (
        <>
          {groups.length > 0 && (
            <LifecycleTable
              label="Servers of this workspace"
              groups={groups}
              filtered={false}
              more={{
                wanted: snapshots.hasNextPage,
                loading: snapshots.isFetching,
                load: () => void snapshots.fetchNextPage(),
              }}
              total={undefined}
              selected={undefined}
              onOpen={open}
            />
          )}
          <ServiceTokens workspace={workspace.data} />
          <Settings key={workspace.data.version} workspace={workspace.data} />
        </>
      )}
    </main>
  )
}

function Settings({ workspace }: { workspace: Workspace }) {
  const organization = useOrganization()
  const queryClient = useQueryClient()
  const [name, setName] = useState(workspace.name)
  const [asked, setAsked] = useState(false)
  const params = { organizationId: organization.id, workspaceId: workspace.id }
  const refused = whyNot(organization, 'workspaces:write')
  const archived = workspace.state === 'archived'
  const save = useMutation({
    mutationFn: () =>
      call(api.workspaces.update, {
        params,
        body: { name: name.trim(), expectedVersion: workspace.version },
      }),
    onSuccess: () => {
      refreshWorkspaces(queryClient, organization.id)
      sayDone('Workspace renamed.')
    },
  })
  const move = useMutation({
    mutationFn: () => call(archived ? api.workspaces.restore : api.workspaces.archive, { params }),
    onSuccess: () => {
      refreshWorkspaces(queryClient, organization.id)
      setAsked(false)
    },
  })
  return (
    <Panel title="Settings">
      <form
        noValidate
        className="flex max-w-[480px] flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault()
          save.mutate()
        }}
      >
        <Field label="Name" error={fieldFaultsOf(save.error).name}>
          <Input autoComplete="off" value={name} onChange={(event) => setName(event.target.value)} />
        </Field>
        {save.error && <ErrorPanel {...factsOf(save.error)} />}
        <div className="flex flex-wrap gap-2">
          <Button
            type="submit"
            whyNot={refused ?? (name === workspace.name ? 'Nothing has been changed.' : null)}
            pending={save.isPending && 'Saving…'}
          >
            Rename
          </Button>
          <Button look={archived ? 'plain' : 'danger'} whyNot={refused} onClick={() => setAsked(true)}>
            {archived ? 'Restore…' : 'Archive…'}
          </Button>
        </div>
      </form>
      {asked && (
        <Dialog
          open
          onClose={() => setAsked(false)}
          title={`${archived ? 'Restore' : 'Archive'} ${workspace.name}?`}
        >
          <DialogBody>
            <p className="text-ink-2">
              {archived
                ? 'Servers can be launched and started in it again; those in it stay stopped until somebody starts them.'
                : 'Everything that runs in it stops at once, open sessions end, and nothing can be launched in it. It can be restored; its servers then stay stopped.'}
            </p>
            {move.error && <ErrorPanel {...factsOf(move.error)} />}
          </DialogBody>
          <DialogFooter>
            <Button onClick={() => setAsked(false)}>Leave it</Button>
            <Button
              look={archived ? 'primary' : 'danger'}
              pending={move.isPending && (archived ? 'Restoring…' : 'Archiving…')}
              onClick={() => move.mutate()}
            >
              {archived ? 'Restore' : 'Archive'} {workspace.name}
            </Button>
          </DialogFooter>
        </Dialog>
      )}
    </Panel>
  )
}
