import { api, ApiError, type Me, type Organization, type Workspace } from '@berth/contracts'
import type { Context } from '../core/context.ts'
import { readAll } from '../core/pages.ts'
import { escapeText } from '../core/text.ts'

const name = 'Quickstart'
const key = 'quickstart'

/**
 * The organization to work in: `--org`, else the caller's one named Quickstart, else their own: the one that
 * `orgs use` chose, or the only one. Whoever owns none gets one.
 */
export async function organizationFor(context: Context, me: Me): Promise<Organization> {
  const named = context.options.org ?? present(context, me)
  if (named) return context.call(api.organizations.get, { params: { organizationId: named } })
  const created = await createOrganization(context)
  context.out.done(`Created the organization ${escapeText(created.slug)}.`)
  return created
}

function present(context: Context, { organizations }: Me): string | undefined {
  const owned = organizations.filter(({ role }) => role === 'owner')
  const chosen = context.credentials.of(context.url).organizationId
  const one =
    organizations.find((organization) => organization.name === name) ??
    owned.find(({ id }) => id === chosen) ??
    (owned.length === 1 ? owned[0] : undefined)
  return one?.id
}

/** Takes the plain slug, or lets the server find one where somebody else has it. */
async function createOrganization(context: Context): Promise<Organization> {
  try {
    return await context.call(api.organizations.create, { body: { name, slug: key } })
  } catch (error) {
    if (!(error instanceof ApiError) || error.problem.code !== 'duplicate') throw error
    const slug = `${key}-${Math.random().toString(36).slice(2, 8)}`
    return context.call(api.organizations.create, { body: { name, slug } })
  }
}

/** The workspace to work in: `--workspace`, else the one with the key quickstart, made if need be. */
export async function workspaceFor(
  context: Context,
  organizationId: string,
  tier: string,
): Promise<Workspace> {
  const wanted = context.options.workspace ?? key
  const workspaces = await readAll((query) =>
    context.call(api.workspaces.list, { params: { organizationId }, query }),
  )
  const found = workspaces.find((workspace) => workspace.key === wanted || workspace.id === wanted)
  if (found?.state === 'archived') {
    return context.call(api.workspaces.restore, { params: { organizationId, workspaceId: found.id } })
  }
  if (found) return found
  const body = { name: wanted === key ? name : wanted, key: wanted, tier }
  const created = await context.call(api.workspaces.create, { params: { organizationId }, body })
  context.out.done(
    `Created the workspace ${escapeText(created.key)} in the tier ${escapeText(created.tier)}.`,
  )
  return created
}
