import { api, type Deployment } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Play, RotateCw, Square } from 'lucide-react'
import { useMemo, useState } from 'react'
import { call, factsOf } from '../../api/client.ts'
import { type Action, usePageActions } from '../../app/actions.tsx'
import { useOrganization, whyNot } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { sayFailed } from '../../ui/Toast.tsx'
import { forgetDeployment, putDeployment } from '../lifecycle/live.ts'

type Command = 'start' | 'stop' | 'restart' | 'remove'

/** What can be done to a deployment. What the server has not recorded is never shown as done. */
export function DeploymentCommands({
  deployment,
  onDeleted,
  withoutDelete,
}: {
  deployment: Deployment
  onDeleted: () => void
  /** Where deleting has a place of its own. */
  withoutDelete?: boolean
}) {
  const organization = useOrganization()
  const queryClient = useQueryClient()
  const [asked, setAsked] = useState<Exclude<Command, 'start'> | null>(null)
  const { id: deploymentId, organizationId, name, desired, phase } = deployment
  const command = useMutation({
    mutationFn: async (what: Command) => {
      const params = { organizationId, deploymentId }
      if (what !== 'remove') return putDeployment(queryClient, await call(api.deployments[what], { params }))
      await call(api.deployments.remove, { params })
      onDeleted()
      forgetDeployment(queryClient, organizationId, deployment.workspaceId, deploymentId)
    },
    onSuccess: () => setAsked(null),
    onError: (error, what) => {
      if (what === 'start') sayFailed(`${name} was not started`, factsOf(error))
    },
  })
  const { mutate, isPending, variables } = command
  const refused = whyNot(organization, 'deployments:write')
  const canStart = desired === 'stopped' || phase === 'failed'
  const startWhyNot = refused ?? (canStart ? null : 'It is wanted running already.')
  const stopWhyNot = refused ?? (desired === 'running' ? null : 'It is wanted stopped already.')
  const restartWhyNot = refused ?? (desired === 'running' ? null : 'It is stopped; start it instead.')

  usePageActions(
    useMemo(
      (): Action[] => [
        { id: 'start', label: `Start ${name}`, whyNot: startWhyNot, run: () => mutate('start') },
        { id: 'stop', label: `Stop ${name}`, whyNot: stopWhyNot, run: () => setAsked('stop') },
        { id: 'restart', label: `Restart ${name}`, whyNot: restartWhyNot, run: () => setAsked('restart') },
      ],
      [name, mutate, startWhyNot, stopWhyNot, restartWhyNot],
    ),
  )

  function open(what: Exclude<Command, 'start'>): void {
    command.reset()
    setAsked(what)
  }

  return (
    <div className="flex flex-wrap gap-1.5">
      {canStart && !isPendingOf('stop') ? (
        <Button
          icon={<Play aria-hidden className="size-3.5" />}
          whyNot={startWhyNot}
          pending={isPendingOf('start') && 'Starting…'}
          onClick={() => mutate('start')}
        >
          Start
        </Button>
      ) : (
        <Button
          icon={<Square aria-hidden className="size-3" />}
          whyNot={stopWhyNot}
          pending={isPendingOf('stop') && 'Stopping…'}
          onClick={() => open('stop')}
        >
          Stop
        </Button>
      )}
      <Button
        icon={<RotateCw aria-hidden className="size-3.5" />}
        whyNot={restartWhyNot}
        pending={isPendingOf('restart') && 'Restarting…'}
        onClick={() => open('restart')}
      >
        Restart
      </Button>
      {!withoutDelete && (
        <>
          <span className="flex-1" />
          <Button
            look="quiet"
            whyNot={refused}
            pending={isPendingOf('remove') && 'Deleting…'}
            onClick={() => open('remove')}
          >
            Delete…
          </Button>
        </>
      )}
      {asked && (
        <Confirm
          what={asked}
          name={name}
          pending={isPending}
          error={command.error}
          onConfirm={() => mutate(asked)}
          onClose={() => setAsked(null)}
        />
      )}
    </div>
  )

  function isPendingOf(what: Command): boolean {
    return isPending && variables === what
  }
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
