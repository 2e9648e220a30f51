import { api, type Deployment, type Workspace } from '@berth/contracts'
import { Command } from 'commander'
import { serverParts } from '../catalog/show.ts'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { escapeText } from '../core/text.ts'
import { answerLines } from '../mcp/tool.ts'
import { personFor } from './account.ts'
import { callThroughGateway, tracesOf, type Answer, type Traces } from './call.ts'
import { runningDeployment } from './deployment.ts'
import { organizationFor, workspaceFor } from './place.ts'

interface QuickstartOptions {
  server: string
  email: string
  tier: string
}

/** `mcpctl quickstart`: from nothing to an answered tool call; what is there already is used again. */
export function quickstartCommand(): Command {
  const command = new Command('quickstart')
    .description('From nothing to an answered tool call, against a running Berth')
    .option('--server <provider/server>', 'the server to launch', 'reference/everything')
    .option('--tier <tier>', 'the tier of the workspace, when one is made', 'community')
    .option('--email <address>', 'of the first account, on a fresh installation', 'operator@berth.local')
  return does(command, quickstart)
}

async function quickstart(given: Context, options: QuickstartOptions): Promise<void> {
  serverParts(options.server)
  const { me, context } = await personFor(given, options.email)
  const organization = await organizationFor(context, me)
  const workspace = await workspaceFor(context, organization.id, options.tier)
  useUnlessChosen(context, workspace)
  const deployment = await runningDeployment(context, workspace, options.server)
  const token = await createToken(context, deployment)
  const answer = await callThroughGateway(context, deployment.mcpUrl, token.secret)
  context.out.done(
    `${escapeText(answer.serverName)} answered ${escapeText(answer.tool)} through the gateway.`,
  )
  const traces = await tracesOf(context, deployment, token.id)
  if (!context.out.json) return printResult(context, deployment, token.secret, answer, traces)
  context.out.data({
    organizationId: organization.id,
    workspaceId: workspace.id,
    deploymentId: deployment.id,
    mcpUrl: deployment.mcpUrl,
    token: token.secret,
    tools: answer.tools,
    decisionId: traces.decisionId,
    auditSeq: traces.auditSeq,
  })
}

/** Later commands are about this place, unless `orgs use` or `workspaces use` chose another one before. */
function useUnlessChosen(context: Context, { organizationId, id }: Workspace): void {
  if (context.credentials.of(context.url).organizationId) return
  context.credentials.update(context.url, { organizationId, workspaceId: id })
}

/** A service token that can do one thing: call the tools of this deployment. */
async function createToken(context: Context, deployment: Deployment) {
  const { organizationId, workspaceId, id } = deployment
  const created = await context.call(api.tokens.createService, {
    params: { organizationId, workspaceId },
    body: { name: 'quickstart', scopes: ['tools:call'], allowedDeployments: [id] },
  })
  context.out.done('Created a service token that may call its tools.')
  return created
}

function printResult(
  context: Context,
  deployment: Deployment,
  token: string,
  answer: Answer,
  traces: Traces,
): void {
  const { out } = context
  for (const line of answerLines(answer.result)) out.line(line)
  out.line()
  out.fields([
    ['MCP URL', deployment.mcpUrl],
    ['token', token],
    ['tools', answer.tools.join(', ')],
    ['call', traces.callId],
    ['decision', traces.decisionId],
    ['audit event', traces.auditSeq],
    ['console', `${context.url}/console/lifecycle`],
  ])
  const chosen = context.credentials.of(context.url).organizationId === deployment.organizationId
  const scope = chosen ? '' : ` --org ${deployment.organizationId}`
  out.next(
    `mcpctl policy explain ${traces.decisionId}${scope}`,
    `mcpctl deployments calls ${deployment.name}${scope}`,
    `mcpctl audit list${scope}`,
    `mcpctl deployments call ${deployment.name} ${answer.tool}${scope}`,
  )
}
