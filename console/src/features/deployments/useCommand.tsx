import { api, type Deployment, type PendingStatus } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useCallback, useState } from 'react'
import { call, factsOf } from '../../api/client.ts'
import { useOrganization, whyNot } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { sayFailed } from '../../ui/Toast.tsx'
import { forgetDeployment, putDeployment } from '../lifecycle/live.ts'

export type Command = 'start' | 'stop' | 'restart' | 'remove'

export interface Commands {
  start: () => void
  /** Asks first, naming what follows. */
  ask: (what: Exclude<Command, 'start'>) => void
  /** Why each cannot be done now; null: it can. */
  whyNot: Record<Command, string | null>
  isPending: (what: Command) => boolean
  /** Put it anywhere: the question that is asked. */
  dialog: ReactNode
}

/** What can be done to a deployment. What the server has not recorded is never shown as done. */
export function useCommand(deployment: Deployment, onDeleted?: () => void | Promise<void>): Commands {
  const organization = useOrganization()
  const queryClient = useQueryClient()
  const [asked, setAsked] = useState<Exclude<Command, 'start'> | null>(null)
  const { id: deploymentId, organizationId, name, desired, phase } = deployment
  const command = useMutation({
    mutationFn: async (what: Command) => {
      const params = { organizationId, deploymentId }
      if (what !== 'remove') return putDeployment(queryClient, await call(api.deployments[what], { params }))
      await call(api.deployments.remove, { params })
      await onDeleted?.()
      forgetDeployment(queryClient, organizationId, deployment.workspaceId, deploymentId)
    },
    onSuccess: () => setAsked(null),
    onError: (error, what) => {
      if (what === 'start') sayFailed(`${name} was not started`, factsOf(error))
    },
  })
  const { mutate, reset, isPending, variables } = command
  const refused = whyNot(organization, 'deployments:write')
  const canStart = desired === 'stopped' || phase === 'failed'
  const start = useCallback(() => mutate('start'), [mutate])
  const ask = useCallback(
    (what: Exclude<Command, 'start'>) => {
      reset()
      setAsked(what)
    },
    [reset],
  )
  return {
    start,
    ask,
    whyNot: {
      start: refused ?? (canStart ? null : 'It is wanted running already.'),
      stop: refused ?? (desired === 'running' ? null : 'It is wanted stopped already.'),
      restart:
        refused ?? (desired === 'running' ? restartInVain(deployment) : 'It is stopped; start it instead.'),
      remove: refused,
    },
    isPending: (what) => isPending && variables === what,
    dialog: asked && (
      <Confirm
        what={asked}
        name={name}
        pending={isPending}
        error={command.error}
        onConfirm={() => mutate(asked)}
        onClose={() => setAsked(null)}
      />
    ),
  }
}

/** What holds it, where new processes would be held just the same. */
const inVain: [hold: PendingStatus, note: string, words: string][] = [
  [
    'pending-remediation',
    'trust:release:blocked',
    'Its release is blocked: new processes would be held too.',
  ],
  ['pending-remediation', 'trust:release:yanked', 'Its release is yanked: new processes would be held too.'],
  ['pending-remediation', 'trust:lifecycle:quarantined', 'In quarantine new processes would be held too.'],
  ['pending-capacity', 'capability:', 'No machine can run it as its tier demands: it would be held again.'],
  ['pending-governance', 'organization:', 'The whole organization is held: new processes would be held too.'],
]

/** Why a restart would change nothing, as a sentence; null when it may. */
export function restartInVain({ hold, holdNotes }: Pick<Deployment, 'hold' | 'holdNotes'>): string | null {
  const found = inVain.find(
    ([status, start]) => status === hold && holdNotes.some((note) => note.startsWith(start)),
  )
  return found?.[2] ?? null
}

/** What follows from each command that cannot be taken back at once. */
export const consequences = {
  stop: {
    title: (name: string) => `Stop ${name}?`,
    text: 'Open sessions end at once and calls are refused until somebody starts it again. Its files and settings stay.',
    deed: 'Stop',
    doing: 'Stopping…',
  },
  restart: {
    title: (name: string) => `Restart ${name}?`,
    text: 'Open sessions end at once; new processes are launched after policy has decided anew. Clients can connect again in a few seconds.',
    deed: 'Restart',
    doing: 'Restarting…',
  },
  remove: {
    title: (name: string) => `Delete ${name}?`,
    text: 'It stops, its address stops answering, and the files its processes kept are deleted. This cannot be undone. The log keeps its story.',
    deed: 'Delete',
    doing: 'Deleting…',
  },
}

/** Asks, naming the object and the consequence. */
export function Confirm(props: {
  what: keyof typeof consequences
  name: string
  pending: boolean
  error: Error | null
  onConfirm: () => void
  onClose: () => void
}) {
  const { title, text, deed, doing } = consequences[props.what]
  return (
    <Dialog open onClose={props.onClose} title={title(props.name)}>
      <DialogBody>
        <p className="text-ink-2">{text}</p>
        {props.error && <ErrorPanel {...factsOf(props.error)} />}
      </DialogBody>
      <DialogFooter>
        <Button onClick={props.onClose}>Keep it</Button>
        <Button
          look={props.what === 'restart' ? 'primary' : 'danger'}
          pending={props.pending && doing}
          onClick={props.onConfirm}
        >
          {deed} {props.name}
        </Button>
      </DialogFooter>
    </Dialog>
  )
}
