import { api, type Token } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { RefusedError, UsageError } from '../core/errors.ts'
import { readAll } from '../core/pages.ts'
import { escapeText } from '../core/text.ts'
import { tokenPage, tokenPlace } from './place.ts'

export function revokeToken(): Command {
  const command = new Command('revoke')
    .description('Revoke a token; open sessions that use it end at once')
    .argument('<token>', 'id, or name')
  return does(command, revoke)
}

async function revoke(context: Context, _options: object, named: string): Promise<void> {
  const place = await tokenPlace(context)
  const tokenId = /^(tok|stk)_/.test(named) ? named : await idOf(context, place, named)
  if (place) await context.call(api.tokens.revokeService, { params: { ...place, tokenId } })
  else await context.call(api.tokens.revokeMine, { params: { tokenId } })
  if (context.out.json) return context.out.data({ id: tokenId, revoked: true })
  context.out.done(`Revoked ${escapeText(named)}.`)
}

async function idOf(
  context: Context,
  place: { organizationId: string; workspaceId: string } | undefined,
  name: string,
): Promise<string> {
  const tokens = await readAll<Token>((query) => tokenPage(context, place, query))
  const found = tokens.filter((token) => token.name === name && token.state === 'active')
  if (found.length === 1) return found[0]!.id
  if (found.length === 0) {
    throw new RefusedError(
      `There is no active token named "${name}"${place ? '' : ' among your own'}.`,
      'mcpctl tokens list',
    )
  }
  throw new UsageError(
    `Several tokens are named "${name}" (${found.map((one) => one.id).join(', ')}). Give the id.`,
  )
}
