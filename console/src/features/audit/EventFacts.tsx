import type { LogEvent } from '@berth/contracts'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { factsOf } from '../../api/client.ts'
import { useOrganization } from '../../app/session.ts'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Id } from '../../ui/Id.tsx'
import { Inert, InertBlock, inertText } from '../../ui/Inert.tsx'
import { absoluteOf } from '../../ui/Time.tsx'
import { leafQuery } from './queries.ts'

interface Change {
  field: string
  previous: unknown
  current: unknown
}

/** Everything that one event says: what it changed, who did it, and the event as it was hashed. */
export function EventFacts({ event, who }: { event: LogEvent; who: string }) {
  const organization = useOrganization()
  const [raw, setRaw] = useState(false)
  const changes = Array.isArray(event.payload.changes) ? (event.payload.changes as Change[]) : []
  const deploymentId = event.payload.deploymentId
  return (
    <div className="flex flex-col gap-2 pt-1">
      <dl className="grid grid-cols-[76px_minmax(0,1fr)] gap-y-0.5">
        <dt className="text-ink-3">At</dt>
        <dd>{absoluteOf(event.at)}</dd>
        <dt className="text-ink-3">By</dt>
        <dd className="truncate">
          {who} ({event.actor.kind}) <Id value={event.actor.id} what="actor id" />
        </dd>
        {event.requestId && (
          <>
            <dt className="text-ink-3">Request</dt>
            <dd>
              <Id value={event.requestId} what="request id" head={12} tail={6} />
            </dd>
          </>
        )}
        <dt className="text-ink-3">Hash</dt>
        <dd>
          <Id value={event.leafHash} what="hash of the event" head={15} tail={6} />
        </dd>
        {typeof deploymentId === 'string' && (
          <>
            <dt className="text-ink-3">Server</dt>
            <dd>
              <Link
                to="/console/deployments/$deploymentId"
                params={{ deploymentId }}
                search={{ org: organization.slug }}
                className="font-[550] text-accent hover:underline"
              >
                Open it
              </Link>
            </dd>
          </>
        )}
      </dl>
      {changes.length > 0 && (
        <table className="w-full table-fixed border-collapse">
          <thead>
            <tr className="text-left text-2xs text-ink-3">
              <th scope="col" className="w-[22%] font-[550]">
                What changed
              </th>
              <th scope="col" className="font-[550]">
                Before
              </th>
              <th scope="col" className="font-[550]">
                After
              </th>
            </tr>
          </thead>
          <tbody>
            {changes.map(({ field, previous, current }) => (
              <tr key={field} className="border-t border-line align-top font-mono text-[11.5px]">
                <td className="py-0.5 pr-2 break-words">{field}</td>
                <td className="py-0.5 pr-2 break-words text-ink-2">
                  <Inert text={inertText(previous)} />
                </td>
                <td className="py-0.5 break-words">
                  <Inert text={inertText(current)} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <div>
        <button
          type="button"
          aria-expanded={raw}
          onClick={() => setRaw(!raw)}
          className="rounded-sm font-[550] text-accent"
        >
          {raw ? 'Hide the raw event' : 'Show the raw event'}
        </button>
        {raw && <Raw event={event} />}
      </div>
    </div>
  )
}

function Raw({ event }: { event: LogEvent }) {
  const leaf = useQuery(leafQuery(event.organizationId, event.seq))
  return (
    <div className="mt-1.5 flex flex-col gap-2">
      <InertBlock label="The event" value={event} tall />
      {leaf.isError && <ErrorPanel {...factsOf(leaf.error)} onRetry={() => void leaf.refetch()} />}
      {leaf.data && (
        <>
          <p className="text-ink-3">
            The bytes that were hashed; personal fields stand in them as salted commitments only.
          </p>
          <InertBlock label="The bytes that were hashed" value={decode(leaf.data.leaf)} tall />
        </>
      )}
    </div>
  )
}

function decode(base64: string): string {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
  return new TextDecoder().decode(bytes)
}
