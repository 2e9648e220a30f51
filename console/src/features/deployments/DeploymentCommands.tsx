import type { Deployment } from '@berth/contracts'
import { Play, RotateCw, Square } from 'lucide-react'
import { useMemo } from 'react'
import { type Action, usePageActions } from '../../app/actions.tsx'
import { Button } from '../../ui/Button.tsx'
import { useCommand } from './useCommand.tsx'

/** The buttons for what can be done to a deployment. */
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
  const { name, desired, phase } = deployment
  const { start, ask, whyNot, isPending, dialog } = useCommand(deployment, onDeleted)
  const canStart = desired === 'stopped' || phase === 'failed'
  const { start: startWhyNot, stop: stopWhyNot, restart: restartWhyNot } = whyNot
  usePageActions(
    useMemo(
      (): Action[] => [
        { id: 'start', label: `Start ${name}`, whyNot: startWhyNot, run: start },
        { id: 'stop', label: `Stop ${name}`, whyNot: stopWhyNot, run: () => ask('stop') },
        { id: 'restart', label: `Restart ${name}`, whyNot: restartWhyNot, run: () => ask('restart') },
      ],
      [name, start, ask, startWhyNot, stopWhyNot, restartWhyNot],
    ),
  )
  return (
    <div className="flex flex-wrap gap-1.5">
      {canStart && !isPending('stop') ? (
        <Button
          icon={<Play aria-hidden className="size-3.5" />}
          whyNot={whyNot.start}
          pending={isPending('start') && 'Starting…'}
          onClick={start}
        >
          Start
        </Button>
      ) : (
        <Button
          icon={<Square aria-hidden className="size-3" />}
          whyNot={whyNot.stop}
          pending={isPending('stop') && 'Stopping…'}
          onClick={() => ask('stop')}
        >
          Stop
        </Button>
      )}
      <Button
        icon={<RotateCw aria-hidden className="size-3.5" />}
        whyNot={whyNot.restart}
        pending={isPending('restart') && 'Restarting…'}
        onClick={() => ask('restart')}
      >
        Restart
      </Button>
      {!withoutDelete && (
        <>
          <span className="flex-1" />
          <Button
            look="quiet"
            whyNot={whyNot.remove}
            pending={isPending('remove') && 'Deleting…'}
            onClick={() => ask('remove')}
          >
            Delete…
          </Button>
        </>
      )}
      {dialog}
    </div>
  )
}
