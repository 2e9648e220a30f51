import type { Deployment } from '@berth/contracts'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { useOrganization, whyNot } from '../../../app/session.ts'
import { Button } from '../../../ui/Button.tsx'
import { cx } from '../../../ui/cx.ts'
import { Inert } from '../../../ui/Inert.tsx'
import { absoluteOf, spanOf, useNow } from '../../../ui/Time.tsx'
import { Explanation } from '../../lifecycle/Explanation.tsx'
import { SurfaceDialog } from '../SurfaceDialog.tsx'
import { useCommand } from '../useCommand.tsx'
import { logTailQuery, serverQuery } from './queries.ts'
import { RollBack } from './RollBack.tsx'
import { type Deed, type Situation, situationOf } from './situation.ts'
import type { TabName } from './search.ts'

/** Why a deployment is not as it is wanted: what happened, who did it, what follows, and what one can do, right here. */
export function SituationBox({ deployment }: { deployment: Deployment }) {
  const situation = situationOf(deployment)
  if (!situation) return null
  const { tone, title, what, who, next } = situation
  return (
    <section
      aria-label={title}
      className={cx(
        'mb-3.5 rounded-lg border px-3.5 py-3',
        tone === 'bad' ? 'border-bad bg-bad-bg' : 'border-wait bg-wait-bg',
      )}
    >
      <h2 className={cx('mb-1', tone === 'bad' ? 'text-bad' : 'text-wait')}>{title}</h2>
      <dl className="grid max-w-[110ch] gap-x-3 gap-y-0.5 @2xl:grid-cols-[128px_minmax(0,1fr)]">
        <Told name="What happened">
          <Inert text={what} />
        </Told>
        {who && <Told name="Who did it">{who}</Told>}
        {next && (
          <Told name="What follows">
            {next}
            <NextAttempt deployment={deployment} />
          </Told>
        )}
      </dl>
      <Deeds deployment={deployment} situation={situation} />
      <LastLines deployment={deployment} situation={situation} />
    </section>
  )
}

function Told({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-xs leading-5 font-[550] text-ink-2">{name}</dt>
      <dd className="min-w-0 break-words @max-2xl:mb-1.5">{children}</dd>
    </>
  )
}

function NextAttempt({ deployment: { nextAttemptAt, phase } }: { deployment: Deployment }) {
  const now = Math.max(useNow(), Date.now())
  if (!nextAttemptAt || phase === 'failed') return null
  const span = spanOf(Date.parse(nextAttemptAt) - now)
  return (
    <span title={absoluteOf(nextAttemptAt)}>
      {span === 'now' ? ' It is being tried now.' : ` The next try begins in ${span}.`}
    </span>
  )
}

function Deeds({ deployment, situation }: { deployment: Deployment; situation: Situation }) {
  const organization = useOrganization()
  const navigate = useNavigate()
  const { start, ask, whyNot: refusals, isPending, dialog } = useCommand(deployment)
  const [open, setOpen] = useState<'review' | 'rollback' | 'explain' | null>(null)
  const { data: server } = useQuery({
    ...serverQuery(deployment.server),
    enabled: situation.deeds.includes('rollback'),
  })
  const earlier = earlierOf(server?.releases ?? [], deployment.releaseId)
  const writes = whyNot(organization, 'deployments:write')
  const show = (tab: TabName) =>
    void navigate({
      to: '/console/deployments/$deploymentId',
      params: { deploymentId: deployment.id },
      search: ({ org, workspace }) => ({ org, workspace, tab }),
    })
  const buttons: Record<Deed, ReactNode> = {
    review: (
      <Button key="review" look="primary" onClick={() => setOpen('review')}>
        Review what changed
      </Button>
    ),
    start: (
      <Button
        key="start"
        look="primary"
        whyNot={refusals.start}
        pending={isPending('start') && 'Starting…'}
        onClick={start}
      >
        Start it again
      </Button>
    ),
    rollback: earlier && (
      <Button key="rollback" whyNot={writes} onClick={() => setOpen('rollback')}>
        Roll back to {earlier.version}…
      </Button>
    ),
    restart: (
      <Button
        key="restart"
        whyNot={refusals.restart}
        pending={isPending('restart') && 'Restarting…'}
        onClick={() => ask('restart')}
      >
        Restart…
      </Button>
    ),
    settings: (
      <Button key="settings" onClick={() => show('settings')}>
        Edit its settings
      </Button>
    ),
    log: (
      <Button key="log" onClick={() => show('logs')}>
        Read the log
      </Button>
    ),
    explain: deployment.decisionId && (
      <Button
        key="explain"
        aria-expanded={open === 'explain'}
        whyNot={whyNot(organization, 'policy:read')}
        onClick={() => setOpen(open === 'explain' ? null : 'explain')}
      >
        {open === 'explain' ? 'Hide the decision' : 'Explain the decision'}
      </Button>
    ),
  }
  return (
    <>
      <div role="group" aria-label="What you can do" className="mt-2.5 flex flex-wrap gap-1.5">
        {situation.deeds.map((deed) => buttons[deed])}
      </div>
      {open === 'explain' && <Explanation decisionId={deployment.decisionId!} />}
      {open === 'review' && <SurfaceDialog deployment={deployment} onClose={() => setOpen(null)} />}
      {open === 'rollback' && earlier && (
        <RollBack deployment={deployment} version={earlier.version} onClose={() => setOpen(null)} />
      )}
      {dialog}
    </>
  )
}

interface Release {
  id: string
  version: string
  state: string
  createdAt: string
}

/** The newest release that may be launched and is older than the one in use. */
function earlierOf(releases: readonly Release[], present: string): Release | undefined {
  const used = releases.find(({ id }) => id === present)
  return releases
    .filter(
      ({ id, state, createdAt }) =>
        id !== present && state === 'admitted' && used && createdAt < used.createdAt,
    )
    .toSorted((a, b) => b.createdAt.localeCompare(a.createdAt))[0]
}

/** What its process wrote last: kept with the failure, or read from its log. */
function LastLines({ deployment, situation }: { deployment: Deployment; situation: Situation }) {
  const wanted = situation.lines === null && situation.deeds.includes('log')
  const { data } = useQuery({
    ...logTailQuery(deployment.organizationId, deployment.id),
    enabled: wanted,
  })
  const read = data?.items.filter(({ stream }) => stream === 'stderr').map(({ text }) => text)
  const text = situation.lines ?? (wanted ? read?.join('\n') : undefined)
  if (!text) return null
  return (
    <>
      <h3 className="mt-2.5 mb-1 uppercase">The last lines it wrote to stderr</h3>
      <pre
        role="region"
        tabIndex={0}
        aria-label="The last lines it wrote to stderr"
        className="max-h-56 overflow-auto rounded-md bg-panel px-2.5 py-1.5 font-mono text-[11.5px] leading-4 break-words whitespace-pre-wrap text-ink-2"
      >
        <Inert text={text} />
      </pre>
    </>
  )
}
