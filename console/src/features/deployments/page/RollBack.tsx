import { api, type Deployment } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call, factsOf } from '../../../api/client.ts'
import { Button } from '../../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter } from '../../../ui/Dialog.tsx'
import { ErrorPanel } from '../../../ui/ErrorPanel.tsx'
import { sayDone } from '../../../ui/Toast.tsx'
import { putDeployment } from '../../lifecycle/live.ts'

/** Asks whether an earlier release shall run instead, naming what follows. */
export function RollBack(props: { deployment: Deployment; version: string; onClose: () => void }) {
  const { deployment, version, onClose } = props
  const queryClient = useQueryClient()
  const { organizationId, id: deploymentId, name, settingsVersion } = deployment
  const change = useMutation({
    mutationFn: () =>
      call(api.deployments.update, {
        params: { organizationId, deploymentId },
        body: { version, expectedVersion: settingsVersion },
      }),
    onSuccess: (changed) => {
      putDeployment(queryClient, changed)
      sayDone(`${name} is set to ${version}.`)
      onClose()
    },
  })
  return (
    <Dialog open onClose={onClose} title={`Roll ${name} back to ${version}?`}>
      <DialogBody>
        <p className="text-ink-2">
          It runs {deployment.version} now. Release {version} is launched instead, after policy has decided
          anew and its surface was compared with the one that was admitted for it. Settings, secrets and files
          stay; you can change back any time.
        </p>
        {change.error && <ErrorPanel {...factsOf(change.error)} />}
      </DialogBody>
      <DialogFooter>
        <Button onClick={onClose}>Leave it</Button>
        <Button look="primary" pending={change.isPending && 'Rolling back…'} onClick={() => change.mutate()}>
          Roll back to {version}
        </Button>
      </DialogFooter>
    </Dialog>
  )
}
