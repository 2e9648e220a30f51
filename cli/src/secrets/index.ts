import { api } from '@berth/contracts'
import { Command } from 'commander'
import { does, noun } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { organizationOf, workspaceOf } from '../core/find.ts'
import { confirmed, secretFromStdinOrPrompt } from '../core/prompts.ts'
import { escapeText } from '../core/text.ts'
import { relativeTime } from '../core/time.ts'

/** `mcpctl secrets`: values go in by stdin or a prompt, never by the command line, and never come out. */
export function secretsCommand(): Command {
  return noun('secrets', 'The secrets of a workspace: written, never read back', [
    does(new Command('list').description('The names of the secrets'), list),
    does(
      new Command('set')
        .description('Set a secret; its value is read from stdin, or asked for')
        .argument('<name>'),
      set,
    ),
    does(
      new Command('remove')
        .description('Remove a secret that no deployment needs')
        .argument('<name>')
        .option('--yes', 'do not ask'),
      remove,
    ),
  ])
}

async function inWorkspace(context: Context) {
  const organizationId = await organizationOf(context)
  const workspace = await workspaceOf(context, organizationId)
  return { params: { organizationId, workspaceId: workspace.id }, key: workspace.key }
}

async function list(context: Context): Promise<void> {
  const { params, key } = await inWorkspace(context)
  const secrets = await context.call(api.secrets.list, { params })
  const { out } = context
  if (out.json) return out.data(secrets)
  out.table(
    secrets.items,
    [
      { title: 'secret', cell: (one) => one.name },
      { title: 'version', cell: (one) => (one.lost ? 'lost: set it anew' : one.version) },
      { title: 'updated', cell: (one) => relativeTime(one.updatedAt) },
      { title: 'by', cell: (one) => one.updatedBy },
    ],
    `${escapeText(key)} has no secrets.`,
  )
}

async function set(context: Context, _options: object, name: string): Promise<void> {
  const { params, key } = await inWorkspace(context)
  const value = await secretFromStdinOrPrompt(`Value of ${escapeText(name)} in ${escapeText(key)}`)
  const secret = await context.call(api.secrets.set, { params: { ...params, name }, body: { value } })
  if (context.out.json) return context.out.data(secret)
  context.out.done(`Set ${escapeText(name)} in ${escapeText(key)} (version ${secret.version}).`)
}

async function remove(context: Context, options: { yes?: boolean }, name: string): Promise<void> {
  const { params, key } = await inWorkspace(context)
  await confirmed(options.yes, `Remove the secret ${escapeText(name)} from ${escapeText(key)}?`)
  await context.call(api.secrets.remove, { params: { ...params, name } })
  if (context.out.json) return context.out.data({ name, removed: true })
  context.out.done(`Removed ${escapeText(name)} from ${escapeText(key)}.`)
}
