import { amount, api, type RequestLimit } from '@berth/contracts'
import { queryOptions, useQuery } from '@tanstack/react-query'
import { call, factsOf } from '../../api/client.ts'
import { Button } from '../../ui/Button.tsx'
import { cx } from '../../ui/cx.ts'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Panel, RowsSkeleton } from '../../ui/Panel.tsx'

const limitsQuery = queryOptions({
  queryKey: ['limits'],
  queryFn: ({ signal }) => call(api.limits.mine, {}, { signal }),
})

/** Every limit that holds for the person, and what is left of the one that counts. */
export function LimitsPanel() {
  const limits = useQuery(limitsQuery)
  return (
    <Panel
      flush
      title="Limits"
      note="what you, and the tokens that act as you, may ask of Berth"
      actions={
        <Button
          className="!h-7 text-xs"
          pending={limits.isFetching && 'Counting…'}
          onClick={() => void limits.refetch()}
        >
          Count again
        </Button>
      }
    >
      {limits.isError && (
        <div className="p-3">
          <ErrorPanel {...factsOf(limits.error)} onRetry={() => void limits.refetch()} />
        </div>
      )}
      {limits.isPending && <RowsSkeleton label="Loading limits" rows={6} />}
      {limits.data && (
        <>
          <Requests requests={limits.data.requests} />
          <dl>
            {limits.data.fixed.map(({ name, value, unit, sentence }) => (
              <div
                key={name}
                className="flex min-h-8 items-center gap-4 border-t border-line-soft px-3 py-1 text-xs"
              >
                <dt className="min-w-0 flex-1">{sentence}</dt>
                <dd className="shrink-0 tabular-nums">{amount(value, unit)}</dd>
              </div>
            ))}
          </dl>
        </>
      )}
    </Panel>
  )
}

function Requests({ requests }: { requests: RequestLimit | null }) {
  if (!requests) return <p className="px-3 py-2 text-xs">Requests to the API are not limited here.</p>
  const { limit, used, left, windowSeconds, resetsInSeconds } = requests
  const scarce = left < limit / 10
  return (
    <div className="px-3 py-2 text-xs">
      <p className="mb-1 flex flex-wrap justify-between gap-x-4">
        <span>
          Requests to the API in {amount(windowSeconds, 'seconds')}; more are refused with 429 and told when
          to come again.
        </span>
        <span className="tabular-nums">
          {amount(used, null)} of {amount(limit, null)} used · all back in{' '}
          {amount(resetsInSeconds, 'seconds')}
        </span>
      </p>
      <div
        role="meter"
        aria-label="Requests used"
        aria-valuemin={0}
        aria-valuemax={limit}
        aria-valuenow={used}
        className="h-1.5 overflow-hidden rounded-sm bg-idle-bg"
      >
        <div
          className={cx('h-full', scarce ? 'bg-wait' : 'bg-accent')}
          style={{ width: `${(100 * used) / limit}%` }}
        />
      </div>
    </div>
  )
}
