import type { Token } from '@berth/contracts'
import { useQuery } from '@tanstack/react-query'
import { useOrganization } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter } from '../../ui/Dialog.tsx'
import { Copyable } from '../../ui/Id.tsx'
import { ClientSettings } from '../connect/ClientSettings.tsx'
import { reachableQuery, type TokenOwner } from './owner.ts'

/** Shows a new token's secret, this once, and what to paste where for the servers that it reaches. */
export function TokenReady(props: {
  owner: TokenOwner
  created: Token & { secret: string }
  onClose: () => void
}) {
  const { owner, created, onClose } = props
  const organization = useOrganization()
  const { name, secret, scopes, allowedDeployments, organizationId } = created
  const calls = scopes.includes('tools:call')
  const workspaceId = owner.kind === 'workspace' ? owner.workspace.id : undefined
  const { data } = useQuery({
    ...reachableQuery(organizationId ?? organization.id, workspaceId),
    enabled: calls,
  })
  const reached = (data?.items ?? []).filter(
    ({ id }) => !allowedDeployments || allowedDeployments.includes(id),
  )
  return (
    <Dialog
      open
      onClose={onClose}
      width="wide"
      title={`${name} is ready`}
      description="Copy it now: it is shown only this once."
    >
      <DialogBody>
        <div className="rounded-lg border border-line bg-bg px-3 py-2">
          <Copyable text={secret} what="token" sign="always" wrap />
        </div>
        {calls && reached.length > 0 && <ClientSettings deployments={reached} token={secret} />}
        <p className="text-xs text-ink-3">
          {owner.kind === 'person'
            ? 'Whoever has it can act as you within its scopes; if it gets out, revoke it here.'
            : 'Whoever has it can act in the workspace within its scopes; if it gets out, revoke it here.'}{' '}
          It is sent as “Authorization: Bearer …”.
        </p>
      </DialogBody>
      <DialogFooter>
        <Button look="primary" onClick={onClose}>
          I have copied it
        </Button>
      </DialogFooter>
    </Dialog>
  )
}
