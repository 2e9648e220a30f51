import { api, type Deployment } from '@berth/contracts'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { call, factsOf, fieldFaultsOf } from '../../../api/client.ts'
import { Button } from '../../../ui/Button.tsx'
import { ErrorPanel } from '../../../ui/ErrorPanel.tsx'
import { Field, TextArea } from '../../../ui/Field.tsx'
import { Inert } from '../../../ui/Inert.tsx'
import { Panel } from '../../../ui/Panel.tsx'
import { ConfigFields } from '../ConfigFields.tsx'
import { configOf, fieldsOf, initialValues, readObject, valuesFrom } from '../schemaFields.ts'
import { Answered } from './Answer.tsx'

export interface Tool {
  name: string
  description?: string
  inputSchema?: Record<string, unknown>
}

const noSchema = { type: 'object', properties: {}, additionalProperties: false }

/** One tool with a form for its arguments, the answer as the server gave it, and the record that the call left. */
export function Playground({ deployment, tool }: { deployment: Deployment; tool: Tool }) {
  const schema = tool.inputSchema ?? noSchema
  // A schema that names no argument is of a tool that takes none; whoever knows better writes JSON.
  const fields = fieldsOf(schema) ?? (namesNothing(schema) ? [] : null)
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
    const read = raw === null ? configOf(fields!, values) : readObject(raw)
    setOwnFaults(read.faults)
    if (Object.keys(read.faults).length === 0) ask.mutate(read.config)
  }

  /** From the form to JSON and back; what was typed comes along as far as it can be read. */
  function toggleRaw(): void {
    setOwnFaults({})
    if (raw === null) return setRaw(JSON.stringify(configOf(fields!, values).config, null, 2))
    const { config, faults: unreadable } = readObject(raw)
    if (Object.keys(unreadable).length > 0) return setOwnFaults(unreadable)
    const homeless = Object.keys(config).filter((key) => !fields!.some(({ name }) => name === key))
    if (homeless.length > 0)
      return setOwnFaults({ config: `The form has no place for ${homeless.join(', ')}.` })
    setValues(valuesFrom(fields!, config))
    setRaw(null)
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

/** `arguments.city` → `city`. */
function byName(faults: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(faults).map(([path, message]) => [path.replace(/^arguments\.?/, '') || 'config', message]),
  )
}

function namesNothing({ type, properties }: Record<string, unknown>): boolean {
  return type === 'object' && Object.keys(properties ?? {}).length === 0
}
