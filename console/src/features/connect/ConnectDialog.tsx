import type { Deployment } from '@berth/contracts'
import { useState } from 'react'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter } from '../../ui/Dialog.tsx'
import { ConnectFields } from './ConnectFields.tsx'

/** How an MCP client reaches a deployment, above the page. */
export function ConnectDialog({ deployment, onClose }: { deployment: Deployment; onClose: () => void }) {
  const [created, setCreated] = useState(false)
  return (
    <Dialog
      open
      onClose={onClose}
      width="wide"
      title={`Connect to ${deployment.name}`}
      description="Paste this into an MCP client; every call through it is authorized and recorded."
    >
      <DialogBody>
        <ConnectFields deployment={deployment} look="primary" onCreated={() => setCreated(true)} />
      </DialogBody>
      <DialogFooter>
        <Button look={created ? 'primary' : 'plain'} onClick={onClose}>
          Done
        </Button>
      </DialogFooter>
    </Dialog>
  )
}
