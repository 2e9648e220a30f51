import type { CallRecord } from '@berth/contracts'
import { useNavigate } from '@tanstack/react-router'
import { Id } from '../../../ui/Id.tsx'
import { Time } from '../../../ui/Time.tsx'
import { bytes } from './callMarks.ts'

/** Everything that the record of one call says. */
export function CallFacts({ call, who }: { call: CallRecord; who: string }) {
  const navigate = useNavigate({ from: '/console/deployments/$deploymentId' })
  const ids = [
    ['Record', call.id],
    ['Decision', call.decisionId],
    ['Session', call.sessionId],
    ['Token', call.tokenId],
  ] as const
  return (
    <dl className="grid grid-cols-[76px_minmax(0,1fr)] gap-y-0.5 @2xl:grid-cols-[76px_minmax(0,1fr)_76px_minmax(0,1fr)]">
      {ids.map(
        ([name, id]) =>
          id && (
            <div key={name} className="contents">
              <dt className="text-ink-3">{name}</dt>
              <dd className="flex items-center gap-2">
                <Id value={id} what={`${name.toLowerCase()} id`} head={14} tail={6} />
                {name === 'Decision' && (
                  <button
                    type="button"
                    className="rounded-sm font-[550] text-accent hover:underline"
                    onClick={() =>
                      void navigate({
                        search: ({ org, workspace }) => ({ org, workspace, tab: 'decisions', decision: id }),
                      })
                    }
                  >
                    Its decision
                  </button>
                )}
              </dd>
            </div>
          ),
      )}
      <dt className="text-ink-3">By</dt>
      <dd className="truncate">{who}</dd>
      <dt className="text-ink-3">At</dt>
      <dd>
        <Time at={call.at} ago />
        {call.errorCode !== null && ` · error ${call.errorCode}`}
      </dd>
      <dt className="text-ink-3">Bytes</dt>
      <dd className="tabular-nums">
        {bytes(call.requestBytes)} sent, {bytes(call.responseBytes)} received
      </dd>
    </dl>
  )
}
