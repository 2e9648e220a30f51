import type { Deployment } from '@berth/contracts'
import { useNavigate } from '@tanstack/react-router'
import { useOrganization } from '../../../app/session.ts'
import { Button } from '../../../ui/Button.tsx'
import { Panel } from '../../../ui/Panel.tsx'
import { consequences, useCommand } from '../useCommand.tsx'

/** What cannot be taken back, and what follows from it. */
export function DangerZone({ deployment }: { deployment: Deployment }) {
  const organization = useOrganization()
  const navigate = useNavigate()
  const { ask, whyNot, dialog } = useCommand(deployment, () =>
    navigate({ to: '/console/lifecycle', search: { org: organization.slug } }),
  )
  return (
    <div className="max-w-[640px]">
      <Panel title={`Delete ${deployment.name}`} tone="bad">
        <div className="flex flex-wrap items-center gap-3">
          <p className="min-w-0 flex-1 basis-72 text-ink-2">{consequences.remove.text}</p>
          <Button look="danger" whyNot={whyNot.remove} onClick={() => ask('remove')}>
            Delete…
          </Button>
        </div>
      </Panel>
      {dialog}
    </div>
  )
}
