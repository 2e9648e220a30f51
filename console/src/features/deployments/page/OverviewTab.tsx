import type { Deployment } from '@berth/contracts'
import { Panel } from '../../../ui/Panel.tsx'
import { Facts } from '../../lifecycle/DeploymentPanel.tsx'
import { RunsSection } from '../../lifecycle/RunsSection.tsx'
import { TimelineSection } from '../../lifecycle/TimelineSection.tsx'
import { SituationBox } from './SituationBox.tsx'

/** How a deployment is and why, how to reach it, what was done with it last. */
export function OverviewTab({ deployment }: { deployment: Deployment }) {
  return (
    <>
      <h2 className="sr-only">Overview</h2>
      <SituationBox deployment={deployment} />
      <div className="grid items-start gap-x-5 @4xl:grid-cols-2">
        <div className="min-w-0">
          <Facts deployment={deployment} />
          <Enforced deployment={deployment} />
          <RunsSection deployment={deployment} />
        </div>
        <div className="min-w-0">
          <TimelineSection deployment={deployment} />
        </div>
      </div>
    </>
  )
}

/** What of the limits the machine really holds it to. */
function Enforced({ deployment: { enforcement, limits } }: { deployment: Deployment }) {
  if (!enforcement) return null
  const rows = [
    ['Memory', `${limits.memoryMb} MB`, enforcement.memory],
    ['Processes', String(limits.pids), enforcement.pids],
    ['CPU', String(limits.cpus), enforcement.cpu],
    ['System calls', enforcement.seccomp ? 'filtered' : 'all', enforcement.seccomp ? 'seccomp' : 'none'],
  ] as const
  return (
    <div className="mt-4">
      <Panel title="What this machine enforces" flush>
        <dl className="text-xs">
          {rows.map(([name, limit, by]) => (
            <div
              key={name}
              className="grid h-8 grid-cols-[110px_1fr_auto] items-center border-b border-line-soft px-3 last:border-0"
            >
              <dt className="text-ink-3">{name}</dt>
              <dd className="tabular-nums">{limit}</dd>
              <dd className={by === 'none' ? 'font-[550] text-wait' : 'text-ink-2'}>
                {by === 'none' ? 'not enforced here' : `by ${by}`}
              </dd>
            </div>
          ))}
        </dl>
      </Panel>
    </div>
  )
}
