import { formatMoney, type Subscription } from '@berth/contracts'
import type { ReactNode } from 'react'
import { Badge } from '../../ui/Badge.tsx'
import { cx } from '../../ui/cx.ts'
import { Id } from '../../ui/Id.tsx'
import { Panel } from '../../ui/Panel.tsx'
import { StatusMark } from '../../ui/StatusMark.tsx'
import { useOrganizationNow } from './queries.ts'
import { dayOf, distanceOf, momentOf, priceOf, subscriptionMarks, titleOf } from './words.ts'

/** How the subscription stands, what it came from, and what follows by itself. */
export function Situation({ subscription, actions }: { subscription: Subscription; actions: ReactNode }) {
  const { plan, seats, state, timeZone, period, credit, currency, overLimitUntil } = subscription
  const { test } = useOrganizationNow(subscription.organizationId)
  const facts: [string, ReactNode][] = [
    ['Price', priceOf(plan)],
    ...(seats === null ? [] : [['Seats', `${seats} paid for`] as [string, ReactNode]]),
    [
      'Period',
      <span key="period" title={`Days of ${timeZone}`}>
        {dayOf(period.start, timeZone)} to {dayOf(period.end, timeZone)}
      </span>,
    ],
    ...(BigInt(credit) > 0n
      ? [
          ['Credit', `${formatMoney(credit, currency)}, set off against the next invoices`] as [
            string,
            string,
          ],
        ]
      : []),
    ...(overLimitUntil
      ? [['Over limits', `allowed until ${momentOf(overLimitUntil, timeZone)}`] as [string, string]]
      : []),
    ['Subscription', <Id key="id" value={subscription.id} what="subscription id" />],
  ]
  return (
    <Panel
      title={`${plan.name}, version ${plan.version}`}
      note={<StatusMark {...subscriptionMarks[state]} />}
      actions={test && <Badge tone="accent">test clock</Badge>}
    >
      <dl className="grid grid-cols-[96px_minmax(0,1fr)] gap-x-3 gap-y-0.5 text-xs">
        {facts.map(([name, value]) => (
          <Fact key={name} name={name}>
            {value}
          </Fact>
        ))}
      </dl>
      <OverLimits subscription={subscription} />
      <Timeline subscription={subscription} />
      <div className="mt-2.5 flex flex-wrap gap-2">{actions}</div>
    </Panel>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="leading-5 text-ink-3">{name}</dt>
      <dd className="min-w-0 leading-5 break-words">{children}</dd>
    </>
  )
}

/** What is more than the plan grants, and what follows from it. */
export function OverLimits({
  subscription: { overLimits },
}: {
  subscription: Pick<Subscription, 'overLimits'>
}) {
  if (overLimits.length === 0) return null
  return (
    <ul
      aria-label="Over the limit"
      className="mt-2.5 rounded-lg border border-wait bg-wait-bg px-3 py-2 text-xs"
    >
      {overLimits.map(({ key, used, limit, consequence, stops }) => (
        <li key={key}>
          <b className="font-semibold">
            {titleOf(key)}: {used.toLocaleString('en')} of {limit.toLocaleString('en')}.
          </b>{' '}
          {consequence} {stops.length > 0 && <>Stopping: {stops.map(({ name }) => name).join(', ')}.</>}
        </li>
      ))}
    </ul>
  )
}

interface Moment {
  at: string
  what: string
  tone: 'past' | 'now' | 'ahead'
}

/** What was, now, and what follows, in their order. */
function momentsOf(subscription: Subscription, now: number): Moment[] {
  const { startedAt, period, pastDueSince, graceEndsAt, state, ahead } = subscription
  const before = [
    { at: startedAt, what: 'The subscription began.' },
    ...(period.number > 0 ? [{ at: period.start, what: 'The present period began.' }] : []),
    ...(pastDueSince ? [{ at: pastDueSince, what: 'An invoice was not paid in time: it is overdue.' }] : []),
    ...(state === 'suspended' && graceEndsAt
      ? [{ at: graceEndsAt, what: 'The grace period ended: servers were stopped.' }]
      : []),
  ].map((one) => ({ ...one, tone: 'past' as const }))
  const here = { at: new Date(now).toISOString(), what: `Now: ${nowIn(subscription)}`, tone: 'now' as const }
  const after = ahead.map((one) => ({ ...one, tone: 'ahead' as const }))
  const still =
    ahead.length === 0 ? [{ at: '', what: 'Nothing more follows by itself.', tone: 'ahead' as const }] : []
  return [...before.toSorted((a, b) => a.at.localeCompare(b.at)), here, ...after, ...still]
}

const sentences: Record<Subscription['state'], string> = {
  incomplete: 'it waits for its first payment. Nothing runs until then.',
  trialing: 'it is on trial; nothing is to be paid yet.',
  active: 'it is in use.',
  past_due: 'it is overdue. Everything goes on during the grace period.',
  suspended: 'it is suspended. Servers resume by themselves once the open invoice is paid.',
  canceled: 'it has ended.',
}
const nowIn = ({ state }: Subscription) => sentences[state]

const dots = { past: 'bg-line-strong', now: 'bg-accent', ahead: 'border-2 border-line-strong bg-panel' }

function Timeline({ subscription }: { subscription: Subscription }) {
  const { now } = useOrganizationNow(subscription.organizationId)
  const { timeZone } = subscription
  const moments = momentsOf(subscription, now)
  return (
    <ol aria-label="Timeline" className="@container mt-3 text-xs">
      {moments.map(({ at, what, tone }, index) => (
        <li key={`${at} ${what}`} className="relative flex gap-3 pb-2 last:pb-0">
          {index < moments.length - 1 && (
            <span aria-hidden className="absolute top-3 bottom-[-6px] left-[4px] w-px bg-line" />
          )}
          <span
            aria-hidden
            className={cx('relative mt-[5px] size-[9px] shrink-0 rounded-full', dots[tone])}
          />
          <span className="flex min-w-0 flex-1 gap-x-3 @max-md:flex-col">
            <span className={cx('min-w-0 flex-1', tone === 'now' && 'font-semibold')}>{what}</span>
            {at && (
              <time dateTime={at} title={momentOf(at, timeZone)} className="text-ink-3 tabular-nums">
                {dayOf(at, timeZone)}
                {tone !== 'now' && ` · ${distanceOf(Date.parse(at), now)}`}
              </time>
            )}
          </span>
        </li>
      ))}
    </ol>
  )
}
