import { api, type Token } from '@berth/contracts'
import type { Context } from '../core/context.ts'
import { findWorkspace, organizationOf } from '../core/find.ts'
import type { Page } from '../core/pages.ts'

/** Where service tokens belong; undefined means the caller's own tokens. Only an explicit `--workspace` counts. */
export async function tokenPlace(
  context: Context,
): Promise<{ organizationId: string; workspaceId: string } | undefined> {
  const { workspace } = context.options
  if (!workspace) return undefined
  const organizationId = await organizationOf(context)
  const { id } = await findWorkspace(context, organizationId, workspace)
  return { organizationId, workspaceId: id }
}

/** One page of the tokens of a place. */
export function tokenPage(
  context: Context,
  params: { organizationId: string; workspaceId: string } | undefined,
  query: { cursor?: string; limit: number },
): Promise<Page<Token>> {
  return params
    ? context.call(api.tokens.listService, { params, query })
    : context.call(api.tokens.listMine, { query })
}
