import { api, type Deployment } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { call } from '../../../api/client.ts'
import { useOrganization, whyNot } from '../../../app/session.ts'
import { Button } from '../../../ui/Button.tsx'
import { Panel } from '../../../ui/Panel.tsx'
import { forgetDeployment } from '../../lifecycle/live.ts'
import { Confirm, consequences } from '../DeploymentCommands.tsx'

/** What cannot be taken back, and what follows from it. */
export function DangerZone({ deployment }: { deployment: Deployment }) {
  const organization = useOrganization()
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const [asked, setAsked] = useState(false)
  const { organizationId, workspaceId, id: deploymentId, name } = deployment
  const remove = useMutation({
    mutationFn: () => call(api.deployments.remove, { params: { organizationId, deploymentId } }),
    onSuccess: async () => {
      await navigate({ to: '/console/lifecycle', search: { org: organization.slug } })
      forgetDeployment(queryClient, organizationId, workspaceId, deploymentId)
    },
  })
  return (
    <div className="max-w-[640px]">
      <Panel title="Danger zone" tone="bad">
        <div className="flex flex-wrap items-center gap-3">
          <p className="min-w-0 flex-1 basis-72 text-xs text-ink-2">
            <b className="block text-sm font-semibold text-ink">Delete {name}</b>
            {consequences.remove.text}
          </p>
          <Button
            look="danger"
            whyNot={whyNot(organization, 'deployments:write')}
            onClick={() => {
              remove.reset()
              setAsked(true)
            }}
          >
            Delete…
          </Button>
        </div>
      </Panel>
      {asked && (
        <Confirm
          what="remove"
          name={name}
          pending={remove.isPending}
          error={remove.error}
          onConfirm={() => remove.mutate()}
          onClose={() => setAsked(false)}
        />
      )}
    </div>
  )
}
