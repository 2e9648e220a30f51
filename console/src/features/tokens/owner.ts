import {
  api,
  type EndpointInput,
  type Permission,
  permissions,
  serviceTokenScopes,
  type Workspace,
} from '@berth/contracts'
import { queryOptions } from '@tanstack/react-query'
import { call } from '../../api/client.ts'

/** Whose tokens: the person's own, or those of a workspace's agents. */
export type TokenOwner = { kind: 'person' } | { kind: 'workspace'; workspace: Workspace }

export const person: TokenOwner = { kind: 'person' }

export type NewToken = EndpointInput<typeof api.tokens.createMine>['body']

type Where = Pick<Workspace, 'organizationId' | 'id'>

const paramsOf = ({ organizationId, id }: Where) => ({ organizationId, workspaceId: id })

/** The tokens of an owner, newest first. */
export function tokensQuery(owner: { kind: 'person' } | { kind: 'workspace'; workspace: Where }) {
  const key = owner.kind === 'person' ? ['mine'] : ['service', owner.workspace.id]
  return queryOptions({
    queryKey: ['tokens', ...key] as const,
    queryFn: ({ signal }) => {
      const query = { limit: 200 }
      if (owner.kind === 'person') return call(api.tokens.listMine, { query }, { signal })
      return call(api.tokens.listService, { params: paramsOf(owner.workspace), query }, { signal })
    },
  })
}

export function createToken(owner: TokenOwner, body: NewToken, idempotencyKey: string) {
  if (owner.kind === 'person') return call(api.tokens.createMine, { body }, { idempotencyKey })
  return call(api.tokens.createService, { params: paramsOf(owner.workspace), body }, { idempotencyKey })
}

export function revokeToken(owner: TokenOwner, tokenId: string) {
  if (owner.kind === 'person') return call(api.tokens.revokeMine, { params: { tokenId } })
  return call(api.tokens.revokeService, { params: { ...paramsOf(owner.workspace), tokenId } })
}

/** The scopes that an owner's token can have at all. */
export const scopesOf = (owner: TokenOwner): readonly Permission[] =>
  owner.kind === 'person' ? permissions : serviceTokenScopes

/** The deployments of an organization, or of one workspace of it, to choose from. */
export function reachableQuery(organizationId: string, workspaceId?: string) {
  return queryOptions({
    queryKey: ['deployments', organizationId, { workspaceId }] as const,
    queryFn: ({ signal }) =>
      call(
        api.deployments.list,
        { params: { organizationId }, query: { workspaceId, limit: 200 } },
        { signal },
      ),
  })
}
