import { api } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { findDeployment, organizationOf } from '../core/find.ts'
import { printTools } from '../mcp/print.ts'
import { whichDeployment } from './shape.ts'

export function listTools(): Command {
  const command = new Command('tools')
    .description('The tools of a running deployment')
    .argument(...whichDeployment)
  return does(command, tools)
}

async function tools(context: Context, _options: object, named: string): Promise<void> {
  const organizationId = await organizationOf(context)
  const { id, name } = await findDeployment(context, organizationId, named)
  const answer = await context.call(api.deployments.tools, { params: { organizationId, deploymentId: id } })
  if (context.out.json) return context.out.data(answer)
  printTools(context.out, answer.tools)
  const first = answer.tools[0]?.['name']
  if (typeof first === 'string') context.out.next(`mcpctl deployments call ${name} ${first}`)
}
