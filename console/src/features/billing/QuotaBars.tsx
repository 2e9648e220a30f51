import { type BillingQuotaOutcome, entitlements } from '@berth/contracts'
import { useQuery } from '@tanstack/react-query'
import { factsOf } from '../../api/client.ts'
import { cx } from '../../ui/cx.ts'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Panel, RowsSkeleton } from '../../ui/Panel.tsx'
import { quotasQuery } from './queries.ts'
import { counted, dayOf, isKnown, momentOf, placeOf, titleOf } from './words.ts'

/** How much is used of what the plan grants. */
export function QuotaBars({ organizationId, timeZone }: { organizationId: string; timeZone: string }) {
  const quotas = useQuery(quotasQuery(organizationId))
  return (
    <Panel flush title="In use" note="of what the plan grants">
      {quotas.isError && (
        <div className="p-3">
          <ErrorPanel {...factsOf(quotas.error)} onRetry={() => void quotas.refetch()} />
        </div>
      )}
      {quotas.isPending && <RowsSkeleton label="Loading what is in use" rows={6} />}
      <ul>
        {quotas.data?.items
          .filter((one) => one.limit !== 0 || !isFeature(one))
          .toSorted((a, b) => placeOf(a.entitlementKey) - placeOf(b.entitlementKey))
          .map((quota) => (
            <Quota key={quota.entitlementKey} quota={quota} timeZone={timeZone} />
          ))}
      </ul>
    </Panel>
  )
}

/** What a plan includes or does not, with nothing to count. */
const isFeature = ({ entitlementKey: key }: BillingQuotaOutcome) =>
  isKnown(key) && entitlements[key].kind === 'boolean'

function Quota({ quota, timeZone }: { quota: BillingQuotaOutcome; timeZone: string }) {
  const { entitlementKey: key, limit, used, held, overage, window, notes } = quota
  const known = isKnown(key) ? entitlements[key] : null
  if (known && isFeature(quota))
    return (
      <li className="flex min-h-9 items-center gap-3 border-b border-line-soft px-3 text-xs last:border-0">
        <span title={known.meaning} className="flex-1 font-[550]">
          {known.title}
        </span>
        <span className="text-good">included</span>
      </li>
    )
  const unit = known?.unit ?? ''
  const full = limit !== null && limit > 0 && used + held >= limit
  return (
    <li className="border-b border-line-soft px-3 py-2 text-xs last:border-0">
      <p className="flex flex-wrap items-baseline gap-x-3">
        <span title={known?.meaning} className="flex-1 font-[550]">
          {titleOf(key)}
        </span>
        <span className="tabular-nums">
          {limit === null
            ? `${counted(used, unit)}, without a limit`
            : limit === 0
              ? counted(used, unit)
              : `${used.toLocaleString('en')} of ${counted(limit, unit)}`}
        </span>
      </p>
      {limit !== null && limit > 0 && <Bar quota={quota} limit={limit} full={full} />}
      <p className="flex flex-wrap gap-x-3 text-2xs text-ink-3">
        {held > 0 && (
          <span>
            {held.toLocaleString('en')} more {held === 1 ? 'is' : 'are'} reserved
          </span>
        )}
        {overage > 0 ? (
          <span className="font-[550] text-wait">
            {overage.toLocaleString('en')} over the limit: let through and marked
          </span>
        ) : (
          full && <span className="font-[550] text-wait">nothing is left</span>
        )}
        {limit === 0 && <span>{whyNone(notes)}</span>}
        {window && (
          <span title={momentOf(window.end, timeZone)} className="ml-auto">
            counts anew on {dayOf(window.end, timeZone)}
          </span>
        )}
      </p>
    </li>
  )
}

/** Why nothing of a key may be used. */
const whyNone = (notes: readonly string[]): string =>
  notes.includes('billing:suspended') || notes.includes('billing:subscription-missing')
    ? 'nothing more until the open invoice is paid'
    : 'not granted by the plan'

/** Used, then what is reserved, of the whole. */
function Bar(props: { quota: BillingQuotaOutcome; limit: number; full: boolean }) {
  const { quota, limit, full } = props
  const { entitlementKey, used, held } = quota
  const share = (count: number) => `${Math.min(100, (100 * count) / Math.max(1, limit))}%`
  return (
    <div
      role="meter"
      aria-label={`${titleOf(entitlementKey)} used`}
      aria-valuemin={0}
      aria-valuemax={Math.max(1, limit)}
      aria-valuenow={Math.min(used, Math.max(1, limit))}
      aria-valuetext={`${used} of ${limit}`}
      className="my-1 flex h-1.5 overflow-hidden rounded-sm bg-idle-bg"
    >
      <div className={cx('h-full shrink-0', full ? 'bg-wait' : 'bg-accent')} style={{ width: share(used) }} />
      <div className="h-full bg-line-strong" style={{ width: share(held) }} />
    </div>
  )
}
