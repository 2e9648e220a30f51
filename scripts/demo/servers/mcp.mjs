// A small MCP server over stdio without dependencies: tools only. Every server of the demo brings a copy of this file.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const versions = ['2025-11-25', '2025-06-18', '2025-03-26']

/** What the caller did wrong, as a sentence: the answer is a result with `isError`, which the model can read. */
export class ToolError extends Error {}

/** Writes a line to the log that belongs to the server. */
export const log = (text) => process.stderr.write(`${text}\n`)

/** Name and version as the folder's package.json gives them. */
export const about = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))

/**
 * Serves `tools`, each `{ name, description, inputSchema, run(args) }`, until stdin ends. `run` returns a JSON object.
 * A function in place of the list is asked anew at each `tools/list`. Returns a function that announces a new list.
 */
export function serve(tools, instructions) {
  const list = typeof tools === 'function' ? tools : () => tools
  const methods = {
    initialize: ({ protocolVersion }) => ({
      protocolVersion: versions.includes(protocolVersion) ? protocolVersion : versions[0],
      capabilities: { tools: { listChanged: typeof tools === 'function' } },
      serverInfo: { name: about.name, version: about.version },
      instructions,
    }),
    ping: () => ({}),
    'tools/list': () => ({ tools: list().map(shownOf) }),
    'tools/call': ({ name, arguments: args = {} }) => callTool(list(), name, args),
  }
  createInterface({ input: process.stdin })
    .on('line', (line) => void take(methods, line))
    .on('close', () => process.exit(0))
  return () => send({ method: 'notifications/tools/list_changed' })
}

const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)

async function take(methods, line) {
  let message
  try {
    message = JSON.parse(line)
  } catch {
    send({ id: null, error: { code: -32700, message: 'That is not JSON.' } })
    return
  }
  const { id, method, params = {} } = message
  if (id === undefined || method === undefined) return
  try {
    if (!Object.hasOwn(methods, method)) throw refusal(-32601, `There is no method ${method}.`)
    send({ id, result: await methods[method](params) })
  } catch (error) {
    send({ id, error: { code: error.code ?? -32603, message: error.message } })
  }
}

const shownOf = ({ name, description, inputSchema }) => ({ name, description, inputSchema })

async function callTool(tools, name, args) {
  const tool = tools.find((one) => one.name === name)
  if (!tool) throw refusal(-32602, `There is no tool ${name}.`)
  try {
    check(tool.inputSchema, args)
    const result = await tool.run(args)
    return { content: [{ type: 'text', text: JSON.stringify(result, null, 2) }], structuredContent: result }
  } catch (error) {
    if (!(error instanceof ToolError)) throw error
    return { content: [{ type: 'text', text: error.message }], isError: true }
  }
}

function check({ properties, required = [] }, args) {
  const missing = required.find((name) => args[name] === undefined)
  if (missing) throw new ToolError(`${missing} is missing.`)
  for (const [name, value] of Object.entries(args)) {
    const schema = properties[name]
    if (!schema) throw new ToolError(`${name} is not an argument of this tool.`)
    const type = Array.isArray(value) ? 'array' : typeof value
    if (type !== (schema.type === 'integer' ? 'number' : schema.type)) {
      throw new ToolError(`${name} must be of the type ${schema.type}.`)
    }
  }
}

const refusal = (code, message) => Object.assign(new Error(message), { code })

/** The input schema of a tool: properties, and which of them are needed (all, unless said). */
export function input(properties, required = Object.keys(properties)) {
  return { type: 'object', properties, required, additionalProperties: false }
}
