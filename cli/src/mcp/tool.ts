import { UsageError } from '../core/errors.ts'
import { escapeLines, escapeText, textOf } from '../core/text.ts'

/** Whether a tool's result says that the tool itself failed. */
export function isToolError(result: unknown): boolean {
  return (result as { isError?: unknown } | null | undefined)?.isError === true
}

/** A tool's result as lines for people, inert: texts as they are, anything else named with its size. */
export function answerLines(result: unknown): string[] {
  const content = (result as { content?: unknown } | null | undefined)?.content
  if (!Array.isArray(content)) return [escapeLines(JSON.stringify(result ?? null, null, 2))]
  const lines = content.map(contentText)
  if (lines.length > 0) return lines
  const structured = (result as { structuredContent?: unknown }).structuredContent
  return structured === undefined ? ['(an empty answer)'] : [escapeLines(JSON.stringify(structured, null, 2))]
}

/** One block of a result; its fields are a stranger's and may be of any type. */
function contentText(block: unknown): string {
  const content = (block ?? {}) as Record<string, unknown>
  switch (content['type']) {
    case 'text':
      return escapeLines(textOf(content['text']))
    case 'image':
    case 'audio': {
      const bytes = Math.floor((textOf(content['data']).length * 3) / 4)
      return escapeText(`[${content['type']} ${textOf(content['mimeType'])}, ${bytes} bytes; --json has it]`)
    }
    case 'resource': {
      const { uri, text } = (content['resource'] ?? {}) as Record<string, unknown>
      const title = `[resource ${textOf(uri)}]`
      return text === undefined ? escapeText(title) : escapeLines(`${title}\n${textOf(text)}`)
    }
    case 'resource_link':
      return escapeText(`[resource ${textOf(content['uri'])}]`)
    default:
      return escapeLines(textOf(block))
  }
}

/**
 * Reads `name=value` arguments by the tool's JSON Schema: texts stay texts, numbers and booleans become such, objects
 * and arrays are JSON. Where the schema says nothing of a name, JSON is read as JSON and anything else as text.
 */
export function argumentsBySchema(given: Record<string, string>, schema: unknown): Record<string, unknown> {
  const properties =
    (schema as { properties?: Record<string, { type?: unknown }> } | undefined)?.properties ?? {}
  return Object.fromEntries(
    Object.entries(given).map(([name, text]) => [name, argument(name, text, properties[name]?.type)]),
  )
}

function argument(name: string, text: string, type: unknown): unknown {
  const types = Array.isArray(type) ? type : [type]
  if (types.includes('string')) return text
  const value = parsed(text)
  if (type === undefined) return value === undefined ? text : value
  if (types.some((one) => fits(value, one))) return value
  throw new UsageError(`The argument ${name} must be ${types.join(' or ')}, not "${text}".`)
}

function fits(value: unknown, type: unknown): boolean {
  switch (type) {
    case 'number':
      return typeof value === 'number'
    case 'integer':
      return Number.isInteger(value)
    case 'boolean':
      return typeof value === 'boolean'
    case 'array':
      return Array.isArray(value)
    case 'null':
      return value === null
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    default:
      return true
  }
}

/** The JSON a text is; undefined when it is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
