import type { Deployment } from '@berth/contracts'
import type { ReactNode } from 'react'
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
      <div className="grid items-start gap-x-3.5 @4xl:grid-cols-2">
        <div className="min-w-0">
          <Box>
            <Facts deployment={deployment} />
          </Box>
          <Enforced deployment={deployment} />
          <Box>
            <RunsSection deployment={deployment} />
          </Box>
        </div>
        <Box>
          <TimelineSection deployment={deployment} />
        </Box>
      </div>
    </>
  )
}

/** The frame of a part that brings its own title. */
function Box({ children }: { children: ReactNode }) {
  return (
    <div className="mb-3.5 min-w-0 rounded-lg border border-line bg-panel px-3 py-2.5 [&>section]:mt-0">
      {children}
    </div>
  )
}

/** What of the limits the machine really holds it to. */
function Enforced({ deployment: { enforcement, limits } }: { deployment: Deployment }) {
  if (!enforcement) return null
  const rows = [
    ['Memory', `${limits.memoryMb} MB`, enforcement.memory],
    ['Processes', String(limits.pids), enforcement.pids],
    ['CPU', String(limits.cpus), enforcement.cpu],
    ['Syscalls', enforcement.seccomp ? 'filtered' : 'all', enforcement.seccomp ? 'seccomp' : 'none'],
  ] as const
  return (
    <Box>
      <h3 className="uppercase">What this machine enforces</h3>
      <dl className="mt-1 text-xs">
        {rows.map(([name, limit, by]) => (
          <div
            key={name}
            className="grid min-h-7 grid-cols-[76px_1fr_auto] items-center border-b border-line-soft last:border-0"
          >
            <dt className="text-ink-3">{name}</dt>
            <dd className="tabular-nums">{limit}</dd>
            <dd className={by === 'none' ? 'font-[550] text-wait' : 'text-ink-2'}>
              {by === 'none' ? 'not enforced here' : `by ${by}`}
            </dd>
          </div>
        ))}
      </dl>
    </Box>
  )
}
