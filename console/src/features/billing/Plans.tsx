import {
  entitlementKeys,
  type EntitlementKey,
  entitlements,
  type PlanVersion,
  type Subscription,
} from '@berth/contracts'
import { useQuery } from '@tanstack/react-query'
import { Check } from 'lucide-react'
import { factsOf } from '../../api/client.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { cx } from '../../ui/cx.ts'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Panel } from '../../ui/Panel.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { overdueRefusal } from './matter.ts'
import { plansQuery } from './queries.ts'
import { grantOf, priceOf } from './words.ts'

export interface PlansProps {
  subscription: Subscription
  refused: string | null
  onChoose: (plan: string) => void
}

/** The plans to change to, as a part of a page. */
export function Plans(props: PlansProps) {
  return (
    <Panel title="Plans" note="an upgrade takes place now, a downgrade at the end of the period">
      <PlanCards {...props} />
    </Panel>
  )
}

/** The plans side by side: what each costs and grants. */
export function PlanCards({ subscription, refused, onChoose }: PlansProps) {
  const plans = useQuery(plansQuery)
  const { plan: current } = subscription
  const offered = plans.data?.items ?? []
  const all = offered.some(({ plan }) => plan === current.plan) ? offered : [current, ...offered]
  // What no plan grants tells none of them from another.
  const keys = entitlementKeys.filter((key) =>
    all.some(({ grants }) => grants.some((grant) => grant.key === key && grant.limit !== 0)),
  )
  return (
    <>
      {plans.isError && <ErrorPanel {...factsOf(plans.error)} onRetry={() => void plans.refetch()} />}
      {plans.isPending && <Skeleton className="h-48" />}
      {plans.data && (
        <ul
          className={cx(
            'grid gap-3 @2xl:grid-cols-2',
            // None alone in a row of its own.
            all.length % 3 === 1 ? '@6xl:grid-cols-4' : '@4xl:grid-cols-3',
          )}
        >
          {all.map((plan) => (
            <PlanCard
              key={plan.id}
              plan={plan}
              keys={keys}
              subscription={subscription}
              refused={refused ?? overdueRefusal(subscription, plan)}
              onChoose={() => onChoose(plan.plan)}
            />
          ))}
        </ul>
      )}
    </>
  )
}

/** What a plan does not name, it does not grant. */
const none = (key: EntitlementKey) => ({ key, limit: 0, reset: null, mode: 'hard' }) as const

function PlanCard(props: {
  plan: PlanVersion
  keys: EntitlementKey[]
  subscription: Subscription
  refused: string | null
  onChoose: () => void
}) {
  const { plan, keys, subscription, refused, onChoose } = props
  const own = subscription.plan.plan === plan.plan
  const same = subscription.plan.id === plan.id
  const next = subscription.scheduled?.plan.plan === plan.plan && !own
  return (
    <li
      aria-label={plan.name}
      className={cx(
        'flex flex-col rounded-lg border bg-panel px-3.5 py-3',
        own ? 'border-accent' : 'border-line',
      )}
    >
      <p className="flex items-center gap-2">
        <b className="flex-1 text-base font-semibold">{plan.name}</b>
        {own && <Badge tone="accent">your plan</Badge>}
        {next && <Badge tone="wait">from the next period</Badge>}
      </p>
      <p className="font-[550]">{priceOf(plan)}</p>
      <p className="min-h-5 text-xs text-ink-2">
        {plan.description}
        {plan.trialDays > 0 && ` ${plan.trialDays} days of trial.`}
      </p>
      <dl className="my-2 flex-1 text-xs">
        {keys.map((key) => (
          <div key={key} className="flex gap-2 border-t border-line-soft py-1">
            <dt title={entitlements[key].meaning} className="flex-1 text-ink-3">
              {entitlements[key].title}
            </dt>
            <dd className="max-w-[60%] text-right tabular-nums">
              {grantOf(plan.grants.find((grant) => grant.key === key) ?? none(key), plan.per)}
            </dd>
          </div>
        ))}
      </dl>
      {same ? (
        <p className="flex h-[30px] items-center gap-1.5 text-xs text-ink-2">
          <Check aria-hidden className="size-3.5 text-good" /> You have this plan.
        </p>
      ) : next && plan.per !== 'seat' ? (
        <p className="flex h-[30px] items-center text-xs text-ink-2">It begins with the next period.</p>
      ) : (
        <Button whyNot={refused} onClick={onChoose}>
          {own ? `Move to version ${plan.version}…` : `Choose ${plan.name}…`}
        </Button>
      )}
    </li>
  )
}
