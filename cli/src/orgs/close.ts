import { api } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { RefusedError } from '../core/errors.ts'
import { organizationOf } from '../core/find.ts'
import { askText } from '../core/prompts.ts'
import { escapeText } from '../core/text.ts'

interface CloseOptions {
  confirm?: string
  reason?: string
  preview?: boolean
}

export function closeOrganization(): Command {
  const command = new Command('close')
    .description('Close an organization for good; says first what ends and what is kept')
    .argument('[organization]', 'id or slug')
    .option('--preview', 'only say what would happen')
    .option('--reason <text>', 'why, for the log')
    .option('--confirm <slug>', "the organization's slug, instead of being asked for it")
  return does(command, close)
}

async function close(context: Context, options: CloseOptions, named?: string): Promise<void> {
  const params = { organizationId: named ?? (await organizationOf(context)) }
  const { out } = context
  const closing = await context.call(api.departure.preview, { params })
  if (options.preview && out.json) return out.data(closing)
  for (const sentence of [...closing.consequences, ...closing.kept]) {
    const line = `- ${escapeText(sentence)}`
    if (options.preview) out.line(line)
    else out.say(line)
  }
  if (options.preview)
    return out.next(`mcpctl orgs export --org ${closing.slug}`, `mcpctl orgs close ${closing.slug}`)
  const confirm =
    options.confirm ??
    (await askText(
      `Type ${closing.slug} to close the organization for good`,
      `Give the slug with --confirm ${closing.slug}.`,
    ))
  if (confirm !== closing.slug) throw new RefusedError(`That is not ${closing.slug}. Nothing was changed.`)
  const body = { confirm, ...(options.reason ? { reason: options.reason } : {}) }
  const closed = await context.call(api.departure.close, { params, body })
  if (out.json) return out.data(closed)
  out.done(`The organization ${escapeText(closed.slug)} is closed.`)
  out.next(`mcpctl orgs export --org ${closed.slug}`)
}
