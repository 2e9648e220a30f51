import { api, type Deployment, type Workspace } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call, factsOf } from '../../api/client.ts'
import { useOrganization } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { refreshWorkspaces } from '../lifecycle/live.ts'

/** Asks before a workspace is archived, or restored, naming what stops or launches. */
export function ArchiveWorkspace(props: {
  workspace: Workspace
  deployments: readonly Deployment[]
  onClose: () => void
}) {
  const { workspace, deployments, onClose } = props
  const organization = useOrganization()
  const queryClient = useQueryClient()
  const archived = workspace.state === 'archived'
  const wanted = deployments.filter(({ desired }) => desired === 'running').length
  const servers = `${wanted} server${wanted === 1 ? '' : 's'}`
  const move = useMutation({
    mutationFn: () =>
      call(archived ? api.workspaces.restore : api.workspaces.archive, {
        params: { organizationId: organization.id, workspaceId: workspace.id },
      }),
    onSuccess: () => {
      refreshWorkspaces(queryClient, organization.id)
      onClose()
    },
  })
  return (
    <Dialog open onClose={onClose} title={`${archived ? 'Restore' : 'Archive'} ${workspace.name}?`}>
      <DialogBody>
        <p className="text-ink-2">
          {archived
            ? `Servers can be launched in it again, and ${wanted > 0 ? `the ${servers} that ran in it ${wanted === 1 ? 'launches' : 'launch'} by ${wanted === 1 ? 'itself' : 'themselves'}` : 'none launches by itself'}.`
            : `Everything that runs in it stops at once (${servers}), open sessions end, and nothing can be launched in it. Its secrets, tokens and files are kept. Once it is restored, what ran before launches by itself.`}
        </p>
        {move.error && <ErrorPanel {...factsOf(move.error)} />}
      </DialogBody>
      <DialogFooter>
        <Button onClick={onClose}>Leave it</Button>
        <Button
          look={archived ? 'primary' : 'danger'}
          pending={move.isPending && (archived ? 'Restoring…' : 'Archiving…')}
          onClick={() => move.mutate()}
        >
          {archived ? 'Restore' : 'Archive'} {workspace.name}
        </Button>
      </DialogFooter>
    </Dialog>
  )
}
