import { api, permissions, type Permission } from '@berth/contracts'
import { Command, InvalidArgumentError, Option } from 'commander'
import { does, several, wholeNumber } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { findDeployment, organizationOf } from '../core/find.ts'
import { escapeText } from '../core/text.ts'
import { relativeTime } from '../core/time.ts'
import { tokenPlace } from './place.ts'

interface CreateOptions {
  scope?: Permission[]
  tool?: string[]
  deployment?: string[]
  expiresInDays?: number | 'never'
}

const agentScopes: Permission[] = ['tools:call', 'deployments:read']

export function createToken(): Command {
  const command = new Command('create')
    .description('Create a token; its secret is printed once, alone on stdout')
    .argument('<name>')
    .addOption(
      new Option('--scope <scope>', `what it may do (repeatable; default: ${agentScopes.join(', ')})`)
        .choices(permissions)
        .argParser(scopes),
    )
    .option('--tool <name>', 'a tool it may call (repeatable; none: all)', several)
    .option('--deployment <deployment>', 'a deployment it may use (repeatable; none: all)', several)
    .addOption(
      new Option('--expires-in-days <n>', 'days until it expires, or "never" (default: 90)').argParser(days),
    )
  return does(command, create)
}

async function create(context: Context, options: CreateOptions, name: string): Promise<void> {
  const place = await tokenPlace(context)
  const body = {
    name,
    scopes: options.scope ?? agentScopes,
    allowedTools: options.tool ?? null,
    allowedDeployments: await deploymentIds(context, options.deployment),
    expiresInDays: options.expiresInDays === 'never' ? null : options.expiresInDays,
  }
  const created = place
    ? await context.call(api.tokens.createService, { params: place, body })
    : await context.call(api.tokens.createMine, {
        body: { ...body, organizationId: await scopedTo(context) },
      })
  const { out } = context
  if (out.json) return out.data(created)
  out.done(
    `Created the token ${escapeText(name)} (${created.id}), expires ${relativeTime(created.expiresAt)}.`,
  )
  out.say('This is the only time its secret is shown:')
  out.line(created.secret)
}

/** A personal token works in every organization of its owner, unless `--org` names one. */
async function scopedTo(context: Context): Promise<string | null> {
  if (!context.options.org) return null
  const params = { organizationId: context.options.org }
  return (await context.call(api.organizations.get, { params })).id
}

async function deploymentIds(context: Context, named: string[] | undefined): Promise<string[] | null> {
  if (!named) return null
  const organizationId = await organizationOf(context)
  const found = await Promise.all(named.map((one) => findDeployment(context, organizationId, one)))
  return found.map((deployment) => deployment.id)
}

function scopes(value: string, before: Permission[] | undefined): Permission[] {
  const scope = permissions.find((one) => one === value)
  if (!scope) throw new InvalidArgumentError(`Allowed choices are ${permissions.join(', ')}.`)
  return [...(before ?? []), scope]
}

function days(value: string): number | 'never' {
  return value === 'never' ? value : wholeNumber(1, 3650)(value)
}
