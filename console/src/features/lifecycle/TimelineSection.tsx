import type { Deployment, LogEvent } from '@berth/contracts'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { factsOf } from '../../api/client.ts'
import { useSnapshotInterval } from '../../app/live.ts'
import { useOrganization, whyNot } from '../../app/session.ts'
import type { Tone } from '../../ui/Badge.tsx'
import { cx } from '../../ui/cx.ts'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { Time } from '../../ui/Time.tsx'
import { actorName } from '../audit/actorName.ts'
import { describe } from '../audit/describe.ts'
import { timelineQuery } from '../audit/timeline.ts'
import { peopleQuery } from './queries.ts'

const dots: Record<Tone, string> = {
  good: 'text-good',
  wait: 'text-wait',
  bad: 'text-bad',
  idle: 'text-idle',
  accent: 'text-accent',
}

/** What happened to a deployment and who did it, newest first, from the organization's log. */
export function TimelineSection({ deployment }: { deployment: Deployment }) {
  const organization = useOrganization()
  const refused = whyNot(organization, 'audit:read')
  const timeline = useQuery({
    ...timelineQuery(organization.id, deployment.id),
    refetchInterval: useSnapshotInterval(),
    enabled: !refused,
  })
  const { data: people } = useQuery(peopleQuery(organization.id))
  return (
    <section className="mt-4">
      <h3 className="uppercase">Timeline</h3>
      {refused && <p className="text-xs text-ink-3">{refused}</p>}
      {timeline.isError && (
        <ErrorPanel {...factsOf(timeline.error)} onRetry={() => void timeline.refetch()} />
      )}
      {!refused && timeline.isPending && <Skeleton className="mt-2 h-24 w-full" />}
      <ol className="mt-1">
        {timeline.data?.events.map((event) => (
          <Entry key={event.seq} event={event} people={people} />
        ))}
      </ol>
      {timeline.data && (
        <p className="mt-1 text-xs text-ink-3">
          {timeline.data.complete ? (
            'That is all the log says of it.'
          ) : (
            <Link
              to="/console/audit"
              search={{ org: organization.slug, deployment: deployment.id }}
              className="font-[550] text-accent hover:underline"
            >
              Older events stand in the log
            </Link>
          )}
        </p>
      )}
    </section>
  )
}

function Entry({ event, people }: { event: LogEvent; people: ReadonlyMap<string, string> | undefined }) {
  const { title, detail, tone } = describe(event)
  return (
    <li className="group/event relative grid grid-cols-[16px_minmax(0,1fr)_auto] gap-x-2 py-1.5">
      <span
        aria-hidden
        className="absolute top-[22px] -bottom-1.5 left-[7px] w-px bg-line group-last/event:hidden"
      />
      <i
        aria-hidden
        className={cx('mx-[3px] mt-1.5 size-[9px] rounded-full border-2 border-current', dots[tone])}
      />
      <div className="min-w-0">
        <p className="font-[550] break-words">{title}</p>
        <p className="text-xs break-words text-ink-3">
          {[detail?.split('\n')[0]?.replace(/\.$/, ''), actorName(event.actor, people)]
            .filter(Boolean)
            .join(' · ')}
        </p>
      </div>
      <span className="text-xs text-ink-3">
        <Time at={event.at} />
      </span>
    </li>
  )
}
