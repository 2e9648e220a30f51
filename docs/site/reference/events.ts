import { eventMeanings, eventSchema, eventTypes, personalFieldsOf, type EventType } from '@berth/contracts'
import type { Page } from '../pages.ts'
import { code, table } from './table.ts'

interface JsonSchema {
  type?: string | string[]
  pattern?: string
  enum?: unknown[]
  items?: JsonSchema
  anyOf?: JsonSchema[]
  description?: string
}

export function eventsPage(): Page {
  const types = Object.keys(eventTypes) as EventType[]
  const nouns = [...new Set(types.map(nounOf))]
  const sections = nouns.map((noun) => {
    const own = types.filter((type) => nounOf(type) === noun)
    return `## ${noun.replaceAll('_', ' ')}\n\n${own.map(section).join('\n')}`
  })
  const body = `
Every change leaves an event in its organization's [log](../../docs/concepts/log.md), in the same transaction. Look at them with
\`mcpctl audit list\`, follow them with \`mcpctl audit tail\`, or read the stream at \`/api/stream\`.

A **personal** field holds a name, an address or free text. The log holds only a salted commitment to it, so that it can be
erased without breaking the log; who may read the log sees what it opens to until then.

${sections.join('\n')}`
  return {
    slug: 'reference/events',
    title: 'Events',
    description: 'Every type of event in the log, with its fields.',
    body,
    source: 'contracts/src/events.ts',
  }
}

function nounOf(type: EventType): string {
  return type.split('.')[0]!
}

function section(type: EventType): string {
  const personal = personalFieldsOf(type)
  const { properties = {} } = eventSchema(type).toJSONSchema({ unrepresentable: 'any' }) as {
    properties?: Record<string, JsonSchema>
  }
  const rows = Object.entries(properties).map(([name, schema]) => [
    code(name),
    describe(schema) + (schema.description ? `: ${schema.description}` : ''),
    personal.includes(name) ? 'yes' : 'no',
  ])
  const fields = rows.length > 0 ? `${table(['field', 'value', 'personal'], rows)}\n` : ''
  return `### ${code(type)}\n\n${eventMeanings[type]}\n\n${fields}`
}

/** What values a schema takes, in a few words. */
function describe(schema: JsonSchema): string {
  if (schema.anyOf) return schema.anyOf.map(describe).join(' or ')
  if (schema.enum) return schema.enum.map((value) => code(String(value))).join(' or ')
  const prefix = /^\^([a-z]+)_/.exec(schema.pattern ?? '')?.[1]
  if (prefix) return `an id, ${code(`${prefix}_…`)}`
  const type = Array.isArray(schema.type) ? schema.type.join(' or ') : schema.type
  if (type === 'array') return `a list, each ${schema.items ? describe(schema.items) : 'any value'}`
  return type === 'string' ? 'text' : (type ?? 'any value')
}
