import { api, type Deployment, type LogEvent } from '@berth/contracts'
import type { Context } from '../core/context.ts'
import { RefusedError } from '../core/errors.ts'
import { pause } from '../core/time.ts'
import { connectMcp } from '../mcp/client.ts'
import { isToolError } from '../mcp/tool.ts'
import { version } from '../version.ts'

type Tool = Record<string, unknown>

/** What a real MCP client got through the gateway. */
export interface Answer {
  serverName: string
  tools: string[]
  tool: string
  result: Record<string, unknown>
}

/** Connects to the deployment as any MCP client would, lists its tools and calls one. */
export async function callThroughGateway(context: Context, mcpUrl: string, token: string): Promise<Answer> {
  const session = await connectMcp({ url: mcpUrl, token, clientVersion: version, timeoutMs: context.waitMs })
  try {
    const tools = await session.listTools()
    const { name, args } = toolToCall(tools)
    const result = await session.request('tools/call', { name, arguments: args })
    if (isToolError(result)) throw new RefusedError(`The tool ${name} reported an error.`)
    const { serverInfo } = session.server
    return {
      serverName: `${serverInfo?.name ?? 'the server'} ${serverInfo?.version ?? ''}`.trim(),
      tools: tools.map((tool) => String(tool['name'])),
      tool: name,
      result,
    }
  } finally {
    await session.close()
  }
}

/** `echo` where there is one, else the first tool that can be called without arguments. */
export function toolToCall(tools: Tool[]): { name: string; args: Record<string, unknown> } {
  if (tools.some((tool) => tool['name'] === 'echo')) {
    return { name: 'echo', args: { message: 'Hello from behind Berth' } }
  }
  const found = tools.find((tool) => requiredOf(tool).length === 0)
  if (found) return { name: String(found['name']), args: {} }
  throw new RefusedError(
    'None of its tools can be called without arguments. Call one yourself.',
    'mcpctl deployments call <deployment> <tool> name=value',
  )
}

function requiredOf(tool: Tool): unknown[] {
  const schema = tool['inputSchema'] as { required?: unknown } | undefined
  return Array.isArray(schema?.required) ? schema.required : []
}

/** Where the call left its traces. */
export interface Traces {
  callId: string
  decisionId: string
  auditSeq: number
}

/** Finds the record of the call made with a token, the decision it rests on, and that decision's event in the log. */
export async function tracesOf(context: Context, deployment: Deployment, tokenId: string): Promise<Traces> {
  const { organizationId, id: deploymentId } = deployment
  const params = { organizationId }
  const record = await eventually(context, 'The record of the call', async () => {
    const query = { deploymentId, method: 'tools/call', limit: 20 }
    const { items } = await context.call(api.calls.list, { params, query })
    return items.find((call) => call.tokenId === tokenId)
  })
  const decisionId = record.decisionId ?? deployment.decisionId
  if (!decisionId) throw new RefusedError('The call rests on no decision.', 'mcpctl policy decisions')
  const event = await eventually(context, "The decision's event", async () => {
    return decisionEvent(context, organizationId, decisionId)
  })
  return { callId: record.id, decisionId, auditSeq: event.seq }
}

async function decisionEvent(
  context: Context,
  organizationId: string,
  decisionId: string,
): Promise<LogEvent | undefined> {
  let cursor: string | undefined
  do {
    const query = { type: 'decision.made', limit: 200, cursor }
    const page = await context.call(api.audit.list, { params: { organizationId }, query })
    const found = page.items.find((event) => event.payload['decisionId'] === decisionId)
    if (found) return found
    cursor = page.nextCursor ?? undefined
  } while (cursor)
  return undefined
}

/** Call records are written in batches: what is not there yet will be in a moment. */
async function eventually<T>(context: Context, what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const until = Date.now() + Math.min(context.waitMs, 30_000)
  for (;;) {
    const found = await ask()
    if (found !== undefined) return found
    if (Date.now() > until) throw new RefusedError(`${what} did not appear.`, 'mcpctl deployments calls')
    await pause(200)
  }
}
