import { readFileSync } from 'node:fs'
import { api } from '@berth/contracts'
import { Command } from 'commander'
import { does, jsonObject, pairs } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { RefusedError, UsageError, whyUnreadable } from '../core/errors.ts'
import { findDeployment, organizationOf } from '../core/find.ts'
import { readStdin } from '../core/prompts.ts'
import { duration } from '../core/time.ts'
import { answerLines, argumentsBySchema, isToolError } from '../mcp/tool.ts'
import { whichDeployment } from './shape.ts'

export function callTool(): Command {
  const command = new Command('call')
    .description('Call one tool through the gateway')
    .argument(...whichDeployment)
    .argument('<tool>')
    .argument('[name=value...]', "arguments, read by the tool's schema")
    .option('--arguments <json>', 'all arguments as JSON; @file reads a file, - reads stdin')
  return does(command, call)
}

async function call(
  context: Context,
  options: { arguments?: string },
  named: string,
  tool: string,
  given: string[],
): Promise<void> {
  if (options.arguments !== undefined && given.length > 0) {
    throw new UsageError('Give --arguments or name=value, not both.')
  }
  const plain = pairs(given, 'Arguments')
  const whole = options.arguments === undefined ? undefined : await jsonArguments(options.arguments)
  const organizationId = await organizationOf(context)
  const deployment = await findDeployment(context, organizationId, named)
  const params = { organizationId, deploymentId: deployment.id }
  const args = whole ?? (given.length === 0 ? {} : await typed(context, params, tool, plain))
  const answer = await context.call(api.deployments.call, { params, body: { tool, arguments: args } })
  const { out } = context
  if (out.json) out.data(answer)
  if (answer.error) {
    throw new RefusedError(`The server refused the call (${answer.error.code}): ${answer.error.message}`)
  }
  if (!out.json) {
    for (const line of answerLines(answer.result)) out.line(line)
    out.say(`${answer.callId}, ${duration(answer.latencyMs)}`)
  }
  if (isToolError(answer.result)) throw new RefusedError(`The tool ${tool} reported an error.`)
}

async function typed(
  context: Context,
  params: { organizationId: string; deploymentId: string },
  tool: string,
  given: Record<string, string>,
): Promise<Record<string, unknown>> {
  const { tools } = await context.call(api.deployments.tools, { params })
  const schema = tools.find((one) => one['name'] === tool)?.['inputSchema']
  return argumentsBySchema(given, schema)
}

async function jsonArguments(given: string): Promise<Record<string, unknown>> {
  if (given === '-') return jsonObject(await readStdin(), 'The input')
  if (!given.startsWith('@')) return jsonObject(given, '--arguments')
  try {
    return jsonObject(readFileSync(given.slice(1), 'utf8'), `The content of ${given.slice(1)}`)
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`The arguments ${given.slice(1)} cannot be read: ${whyUnreadable(error)}.`)
  }
}
