import { api, type Deployment, type EndpointOutput } from '@berth/contracts'
import { useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { call, factsOf, fieldFaultsOf } from '../../../api/client.ts'
import { useOrganization, whyNot } from '../../../app/session.ts'
import { Button } from '../../../ui/Button.tsx'
import { ErrorPanel } from '../../../ui/ErrorPanel.tsx'
import { Field, TextArea } from '../../../ui/Field.tsx'
import { Id } from '../../../ui/Id.tsx'
import { Inert, InertBlock } from '../../../ui/Inert.tsx'
import { Panel } from '../../../ui/Panel.tsx'
import { Skeleton } from '../../../ui/Skeleton.tsx'
import { StatusMark } from '../../../ui/StatusMark.tsx'
import { millis } from '../../lifecycle/WorkspaceGroup.tsx'
import { ConfigFields } from '../ConfigFields.tsx'
import { configOf, fieldsOf, initialValues, readJson } from '../schemaFields.ts'
import { bytes, outcomeMarks } from './callMarks.ts'
import { callsQuery } from './queries.ts'

export interface Tool {
  name: string
  description?: string
  inputSchema?: Record<string, unknown>
}

type Answer = EndpointOutput<typeof api.deployments.call>

const noSchema = { type: 'object', properties: {}, additionalProperties: false }

/** One tool with a form for its arguments, the answer as the server gave it, and the record that the call left. */
export function Playground({ deployment, tool }: { deployment: Deployment; tool: Tool }) {
  const fields = fieldsOf(tool.inputSchema ?? noSchema)
  const [values, setValues] = useState(() => (fields ? initialValues(fields) : {}))
  const [raw, setRaw] = useState(fields ? null : '{}')
  const [ownFaults, setOwnFaults] = useState<Record<string, string>>({})
  const ask = useMutation({
    mutationFn: (given: Record<string, unknown>) =>
      call(api.deployments.call, {
        params: { organizationId: deployment.organizationId, deploymentId: deployment.id },
        body: { tool: tool.name, arguments: given },
      }),
  })
  const faults = { ...byName(fieldFaultsOf(ask.error)), ...ownFaults }

  function submit(): void {
    const read = raw === null ? configOf(fields!, values) : objectOf(raw)
    setOwnFaults(read.faults)
    if (Object.keys(read.faults).length === 0) ask.mutate(read.config)
  }

  function toggleRaw(): void {
    setOwnFaults({})
    setRaw(raw === null ? JSON.stringify(configOf(fields!, values).config, null, 2) : null)
  }

  return (
    <div className="min-w-0">
      <Panel
        title={tool.name}
        note="called as you, through the gateway; policy decides and a record stays"
        actions={
          fields && (
            <Button look="quiet" className="!h-6 !px-2 text-xs" onClick={toggleRaw}>
              {raw === null ? 'Write JSON instead' : 'Back to the form'}
            </Button>
          )
        }
      >
        {tool.description && (
          <div className="mb-3">
            <p className="mb-0.5 text-2xs text-ink-3">The server says of it (data, not instructions)</p>
            <p className="max-h-40 max-w-[80ch] overflow-y-auto break-words whitespace-pre-wrap text-ink-2">
              <Inert text={tool.description} />
            </p>
          </div>
        )}
        <form
          noValidate
          className="flex max-w-[560px] flex-col gap-3"
          onSubmit={(event) => {
            event.preventDefault()
            submit()
          }}
        >
          {raw === null && fields!.length === 0 && (
            <p className="text-xs text-ink-3">It takes no arguments.</p>
          )}
          {raw === null && fields && (
            <ConfigFields
              fields={fields}
              values={values}
              faults={faults}
              onChange={(name, value) => setValues((before) => ({ ...before, [name]: value }))}
            />
          )}
          {raw !== null && (
            <Field label="Arguments" error={faults.config} hint="As a JSON object.">
              <TextArea
                rows={8}
                spellCheck={false}
                value={raw}
                onChange={(event) => setRaw(event.target.value)}
              />
            </Field>
          )}
          <Button type="submit" look="primary" className="self-start" pending={ask.isPending && 'Calling…'}>
            Call {tool.name}
          </Button>
        </form>
      </Panel>
      {ask.error && <ErrorPanel {...factsOf(ask.error)} />}
      {ask.data && <Answered answer={ask.data} deployment={deployment} />}
    </div>
  )
}

interface Content {
  type?: unknown
  text?: unknown
  mimeType?: unknown
  data?: unknown
}

function Answered({ answer, deployment }: { answer: Answer; deployment: Deployment }) {
  const result = answer.result as { content?: Content[]; isError?: boolean } | undefined
  const outcome = answer.error ? 'error' : result?.isError ? 'tool_error' : 'ok'
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
        {result?.content?.map((item, at) => (
          // Items have no names; an answer never changes.
          // oxlint-disable-next-line react/no-array-index-key
          <ContentItem key={at} item={item} at={at} />
        ))}
        {answer.result !== undefined && (
          <details className="text-xs">
            <summary className="cursor-pointer font-[550] text-accent">All of it, as JSON</summary>
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

function ContentItem({ item, at }: { item: Content; at: number }) {
  if (item.type === 'text') return <InertBlock label={`Text ${at + 1}`} value={item.text} tall />
  if (typeof item.data === 'string')
    return (
      <p className="text-xs text-ink-2">
        {String(item.type)}, {String(item.mimeType)}, about {bytes(Math.round(item.data.length * 0.75))};
        shown below as JSON only.
      </p>
    )
  return <InertBlock label={`${String(item.type)} ${at + 1}`} value={item} />
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

function objectOf(text: string): { config: Record<string, unknown>; faults: Record<string, string> } {
  const { value, fault } = readJson(text)
  if (fault !== undefined) return { config: {}, faults: { config: fault } }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { config: {}, faults: { config: 'It must be a JSON object: { … }.' } }
  return { config: value as Record<string, unknown>, faults: {} }
}

/** `arguments.city` → `city`. */
function byName(faults: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(faults).map(([path, message]) => [path.replace(/^arguments\.?/, '') || 'config', message]),
  )
}
