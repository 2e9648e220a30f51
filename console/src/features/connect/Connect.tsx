import type { Deployment } from '@berth/contracts'
import { Plug } from 'lucide-react'
import { lazy, Suspense, useMemo, useState } from 'react'
import { type Action, usePageActions } from '../../app/actions.tsx'
import { Button } from '../../ui/Button.tsx'

const ConnectDialog = lazy(async () => ({ default: (await import('./ConnectDialog.tsx')).ConnectDialog }))

/** The button that says how an MCP client reaches a deployment. */
export function Connect({ deployment, small }: { deployment: Deployment; small?: boolean }) {
  const [open, setOpen] = useState(false)
  usePageActions(
    useMemo(
      (): Action[] => [{ id: 'connect', label: 'Connect an MCP client', run: () => setOpen(true) }],
      [],
    ),
  )
  return (
    <>
      <Button
        icon={<Plug aria-hidden className="size-3.5" />}
        className={small ? '!h-7 !px-2 text-xs' : undefined}
        onClick={() => setOpen(true)}
      >
        Connect
      </Button>
      <Suspense>{open && <ConnectDialog deployment={deployment} onClose={() => setOpen(false)} />}</Suspense>
    </>
  )
}
