import type { api, Deployment, EndpointOutput } from '@berth/contracts'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useOrganization, whyNot } from '../../../app/session.ts'
import { Id } from '../../../ui/Id.tsx'
import { Inert, InertBlock } from '../../../ui/Inert.tsx'
import { Panel } from '../../../ui/Panel.tsx'
import { Skeleton } from '../../../ui/Skeleton.tsx'
import { StatusMark } from '../../../ui/StatusMark.tsx'
import { AnswerContent, type Content } from './AnswerContent.tsx'
import { bytes, outcomeMarks } from './callMarks.ts'
import { callsQuery } from './queries.ts'
import { millis } from '../../../ui/Time.tsx'

type Answer = EndpointOutput<typeof api.deployments.call>

interface Result {
  content?: Content[]
  structuredContent?: unknown
  isError?: boolean
}

/** What a server answered: each part of it as what it is, all of it as JSON, and the record that the call left. */
export function Answered({ answer, deployment }: { answer: Answer; deployment: Deployment }) {
  const result = (answer.result ?? {}) as Result
  const outcome = answer.error ? 'error' : result.isError ? 'tool_error' : 'ok'
  const content = Array.isArray(result.content) ? result.content : []
  const repeats = content.length === 1 && isJsonOf(content[0]!.text, result.structuredContent)
  return (
    <Panel
      title="Answer"
      {...(outcome === 'ok' ? {} : { tone: 'bad' as const })}
      note={`after ${millis(answer.latencyMs)}`}
      actions={<StatusMark {...outcomeMarks[outcome]} />}
    >
      <div role="status" className="flex flex-col gap-2">
        {answer.error && (
          <>
            <p className="font-[550] text-bad">
              <Inert text={answer.error.message} /> ({answer.error.code})
            </p>
            {answer.error.data !== undefined && (
              <InertBlock label="Data of the error" value={answer.error.data} />
            )}
          </>
        )}
        {result.isError && (
          <p className="font-[550] text-bad">The tool itself says that it failed; what it answered:</p>
        )}
        {!answer.error && content.length === 0 && result.structuredContent === undefined && (
          <p className="text-ink-3">It answered without any content.</p>
        )}
        {content.map((item, at) => (
          // Items have no names; an answer never changes.
          // oxlint-disable-next-line react/no-array-index-key
          <AnswerContent key={at} item={item} at={at} />
        ))}
        {result.structuredContent !== undefined && (
          <div>
            <p className="mb-0.5 text-2xs text-ink-3">
              {repeats ? 'Its structured content says the same.' : 'Structured content'}
            </p>
            {!repeats && <InertBlock label="Structured content" value={result.structuredContent} tall />}
          </div>
        )}
        {answer.result !== undefined && (
          <details className="text-xs">
            <summary className="w-fit cursor-pointer font-[550] text-accent">All of it, as JSON</summary>
            <div className="mt-1.5">
              <InertBlock label="The answer as JSON" value={JSON.stringify(answer.result, null, 2)} tall />
            </div>
          </details>
        )}
        <CallRecordLine callId={answer.callId} deployment={deployment} />
      </div>
    </Panel>
  )
}

/** Whether a text is what the protocol asks of servers with structured content: the same as JSON. */
function isJsonOf(text: unknown, value: unknown): boolean {
  if (typeof text !== 'string') return false
  try {
    return JSON.stringify(JSON.parse(text)) === JSON.stringify(value)
  } catch {
    return false
  }
}

/** The record that the call left, as soon as it is written. */
function CallRecordLine({ callId, deployment }: { callId: string; deployment: Deployment }) {
  const organization = useOrganization()
  const refused = whyNot(organization, 'calls:read')
  const { data } = useInfiniteQuery({
    ...callsQuery(organization.id, { deploymentId: deployment.id }),
    enabled: !refused,
    staleTime: 0,
  })
  const record = data?.pages.flatMap(({ items }) => items).find(({ id }) => id === callId)
  return (
    <p className="flex min-h-5 flex-wrap items-center gap-x-1.5 border-t border-line-soft pt-2 text-xs text-ink-3">
      Record <Id value={callId} what="call id" />
      {record ? (
        <>
          <span className="tabular-nums">
            · {outcomeMarks[record.outcome].word} · {millis(record.latencyMs)} in the gateway ·{' '}
            {bytes(record.requestBytes)} sent, {bytes(record.responseBytes)} received
          </span>
          <Link
            to="/console/deployments/$deploymentId"
            params={{ deploymentId: deployment.id }}
            search={{ org: organization.slug, tab: 'calls', call: callId }}
            className="font-[550] text-accent hover:underline"
          >
            Show it among the calls
          </Link>
        </>
      ) : refused ? (
        <span>· {refused}</span>
      ) : (
        <>
          <span>· being written</span>
          <Skeleton className="w-16" />
        </>
      )}
    </p>
  )
}
