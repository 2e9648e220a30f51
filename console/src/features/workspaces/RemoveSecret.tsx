import { api, type Secret, type Workspace } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call, factsOf } from '../../api/client.ts'
import { useOrganization } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { secretsQuery } from '../deployments/launchQueries.ts'

/** Asks before a secret is removed for good. */
export function RemoveSecret(props: { workspace: Workspace; secret: Secret; onClose: () => void }) {
  const { workspace, secret, onClose } = props
  const organization = useOrganization()
  const queryClient = useQueryClient()
  const organizationId = organization.id
  const remove = useMutation({
    mutationFn: () =>
      call(api.secrets.remove, {
        params: { organizationId, workspaceId: workspace.id, name: secret.name },
      }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: secretsQuery(organizationId, workspace.id).queryKey })
      onClose()
    },
  })
  return (
    <Dialog open onClose={onClose} title={`Remove ${secret.name}?`}>
      <DialogBody>
        <p className="text-ink-2">
          No server of {workspace.name} uses it. Its value is destroyed and cannot be brought back; a server
          that needs it later has to be given a new one.
        </p>
        {remove.error && <ErrorPanel {...factsOf(remove.error)} />}
      </DialogBody>
      <DialogFooter>
        <Button onClick={onClose}>Keep it</Button>
        <Button look="danger" pending={remove.isPending && 'Removing…'} onClick={() => remove.mutate()}>
          Remove {secret.name}
        </Button>
      </DialogFooter>
    </Dialog>
  )
}
