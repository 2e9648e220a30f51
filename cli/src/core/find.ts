import { api, type Deployment, type Workspace } from '@berth/contracts'
import type { Context } from './context.ts'
import { RefusedError, UsageError } from './errors.ts'
import { readAll } from './pages.ts'

/**
 * The organization a command is about, as an id or slug: `--org`, else what `orgs use` chose, else the only one
 * the caller belongs to.
 */
export async function organizationOf(context: Context): Promise<string> {
  if (context.options.org) return context.options.org
  const remembered = context.credentials.of(context.url).organizationId
  if (remembered) return remembered
  const { organizations } = await context.call(api.identity.me, {})
  if (organizations.length === 1) return organizations[0]!.id
  if (organizations.length === 0) {
    throw new RefusedError('You belong to no organization yet.', 'mcpctl orgs create <name>')
  }
  const names = organizations.map((organization) => organization.slug).join(', ')
  throw new UsageError(
    `You belong to several organizations (${names}). Say which with --org.`,
    'mcpctl orgs use <organization>',
  )
}

/** All workspaces of an organization. */
export function workspacesOf(context: Context, organizationId: string): Promise<Workspace[]> {
  return readAll((query) => context.call(api.workspaces.list, { params: { organizationId }, query }))
}

/** The workspace named by id or key. */
export async function findWorkspace(
  context: Context,
  organizationId: string,
  named: string,
): Promise<Workspace> {
  if (named.startsWith('wsp_')) {
    return context.call(api.workspaces.get, { params: { organizationId, workspaceId: named } })
  }
  const found = (await workspacesOf(context, organizationId)).find((workspace) => workspace.key === named)
  if (found) return found
  throw new RefusedError(`There is no workspace "${named}" here.`, 'mcpctl workspaces list')
}

/** The workspace a command is about: `--workspace`, else what `workspaces use` chose, else the only one. */
export async function workspaceOf(context: Context, organizationId: string): Promise<Workspace> {
  if (context.options.workspace) return findWorkspace(context, organizationId, context.options.workspace)
  const workspaces = await workspacesOf(context, organizationId)
  const remembered = context.credentials.of(context.url).workspaceId
  const chosen = workspaces.find((workspace) => workspace.id === remembered)
  if (chosen) return chosen
  const usable = workspaces.filter((workspace) => workspace.state !== 'archived')
  if (usable.length === 1) return usable[0]!
  if (usable.length === 0) {
    throw new RefusedError('This organization has no workspace yet.', 'mcpctl workspaces create <name>')
  }
  const keys = usable.map((workspace) => workspace.key).join(', ')
  throw new UsageError(
    `There are several workspaces (${keys}). Say which with --workspace.`,
    'mcpctl workspaces use <workspace>',
  )
}

/**
 * The deployment named by id, by name, or as `workspace/name`. A name alone is looked for in `--workspace`, else in
 * the whole organization; where several carry it, the one in the workspace that `workspaces use` chose is meant.
 */
export async function findDeployment(
  context: Context,
  organizationId: string,
  named: string,
): Promise<Deployment> {
  if (named.startsWith('dep_')) {
    return context.call(api.deployments.get, { params: { organizationId, deploymentId: named } })
  }
  const slash = named.indexOf('/')
  const place = slash > 0 ? named.slice(0, slash) : context.options.workspace
  const name = named.slice(slash + 1)
  if (!/^[a-z0-9-]+$/.test(name)) {
    throw new UsageError(`"${named}" names no deployment. Give its id, its name, or workspace/name.`)
  }
  const workspaceId = place ? (await findWorkspace(context, organizationId, place)).id : undefined
  const found = await readAll((query) =>
    context.call(api.deployments.list, {
      params: { organizationId },
      query: { ...query, name, workspaceId },
    }),
  )
  return onlyOne(context, found, named)
}

function onlyOne(context: Context, found: Deployment[], named: string): Deployment {
  if (found.length === 1) return found[0]!
  if (found.length === 0) {
    throw new RefusedError(`There is no deployment "${named}" here.`, 'mcpctl deployments list')
  }
  const remembered = context.credentials.of(context.url).workspaceId
  const here = found.find((deployment) => deployment.workspaceId === remembered)
  if (here) return here
  const ids = found.map((deployment) => deployment.id).join(', ')
  throw new UsageError(`Several deployments are named "${named}" (${ids}). Give workspace/name or the id.`)
}
