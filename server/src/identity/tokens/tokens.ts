import { randomBytes } from 'node:crypto'
import type { z } from 'zod'
import {
  deploymentTokenScopes,
  platformOrganizationId,
  refusalOf,
  serviceTokenScopes,
  tokenMachine,
  type createdToken,
  type Permission,
} from '@berth/contracts'
import { sha256 } from '../../platform/crypto.ts'
import type { Principal } from '../../platform/http/principal.ts'
import { newId } from '../../platform/ids.ts'
import type { Tx } from '../../platform/mutate.ts'
import { notFound, Refusal } from '../../platform/problem.ts'
import { tokenPrefixes } from '../credentials.ts'
import { beyond } from '../rules.ts'
import { demandDeployments, demandWorkspace, lockToken, toToken, type TokenOwner } from './store.ts'

export type CreatedToken = z.infer<typeof createdToken>

export interface TokenInput {
  name: string
  /** Null: it does not expire. */
  expiresInDays: number | null
  scopes: Permission[]
  allowedDeployments: string[] | null
  allowedTools: string[] | null
}

const dayMs = 24 * 3600_000

/** Creates an API token that acts as the person, in one organization or in all of theirs. */
export async function createApiToken(
  tx: Tx,
  creator: Principal,
  input: TokenInput & { organizationId: string | null },
): Promise<CreatedToken> {
  const { organizationId } = input
  const held = organizationId ? creator.permissions.get(organizationId) : heldAnywhere(creator)
  if (!held || organizationId === platformOrganizationId) throw notFound('organization')
  refuseBeyond(input.scopes, held)
  await demandDeployments(tx.db, input.allowedDeployments ?? [], {
    organizations: organizationId ? [organizationId] : [...creator.permissions.keys()],
    workspaceId: null,
  })
  return insertToken(tx, input, { kind: 'api', userId: creator.id, organizationId, workspaceId: null })
}

/** Creates a service token for the agents of one workspace. */
export async function createServiceToken(
  tx: Tx,
  creator: Principal,
  place: { organizationId: string; workspaceId: string },
  input: TokenInput,
): Promise<CreatedToken> {
  await demandWorkspace(tx.db, place.organizationId, place.workspaceId)
  refuseBeyond(input.scopes, creator.permissions.get(place.organizationId) ?? new Set())
  const foreign = beyond(input.scopes, serviceTokenScopes)
  if (foreign.length > 0) {
    throw new Refusal(
      'invalid_input',
      `scopes: a service token reaches its workspace only, so it cannot have ${foreign.join(', ')}.`,
    )
  }
  const reach = { organizations: [place.organizationId], workspaceId: place.workspaceId }
  await demandDeployments(tx.db, input.allowedDeployments ?? [], reach)
  return insertToken(tx, input, { kind: 'service', userId: null, ...place })
}

function heldAnywhere({ permissions }: Principal): ReadonlySet<Permission> {
  return new Set([...permissions.values()].flatMap((granted) => [...granted]))
}

function refuseBeyond(scopes: Permission[], held: ReadonlySet<Permission>): void {
  const missing = beyond(scopes, held)
  if (missing.length === 0) return
  throw new Refusal('forbidden', `A token cannot do more than you: you do not have ${missing.join(', ')}.`)
}

/** A token for certain deployments is kept from what tells of, or reaches, the others. */
function refuseBeyondDeployments({ scopes, allowedDeployments }: TokenInput): void {
  if (allowedDeployments === null) return
  const wide = beyond(scopes, deploymentTokenScopes)
  if (wide.length === 0) return
  const message = `a token for certain deployments cannot have ${wide.join(', ')}, which ${wide.length === 1 ? 'reaches' : 'reach'} beyond them`
  throw new Refusal(
    'invalid_input',
    `scopes: ${message}. Leave ${wide.length === 1 ? 'it' : 'them'} out, or allow every deployment.`,
    { errors: [{ path: 'scopes', message }] },
  )
}

async function insertToken(
  tx: Tx,
  input: TokenInput,
  owner: {
    kind: 'api' | 'service'
    userId: string | null
    organizationId: string | null
    workspaceId: string | null
  },
): Promise<CreatedToken> {
  refuseBeyondDeployments(input)
  const secret = tokenPrefixes[owner.kind] + randomBytes(32).toString('base64url')
  const row = await tx.db
    .insertInto('tokens')
    .values({
      ...owner,
      id: newId(owner.kind === 'api' ? 'apiToken' : 'serviceToken'),
      name: input.name,
      hash: sha256(secret),
      hint: secret.slice(-4),
      scopes: [...new Set(input.scopes)],
      allowedDeployments: input.allowedDeployments,
      allowedTools: input.allowedTools,
      createdBy: tx.actor.id,
      createdAt: tx.now,
      expiresAt:
        input.expiresInDays === null ? null : new Date(tx.now.getTime() + input.expiresInDays * dayMs),
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  tx.emit(logOf(row), 'token.created', {
    tokenId: row.id,
    kind: owner.kind,
    name: row.name,
    scopes: row.scopes,
    workspaceId: row.workspaceId,
  })
  return { ...toToken(row, tx.now), secret }
}

/** A token of no single organization is the installation's business. */
const logOf = (row: { organizationId: string | null }) => row.organizationId ?? platformOrganizationId

/** Revokes one token of an owner; `not_found`, or `invalid_state` when it is over already. */
export async function revokeToken(tx: Tx, owner: TokenOwner, id: string): Promise<void> {
  const row = await lockToken(tx.db, owner, id)
  const refusal = refusalOf(tokenMachine, toToken(row, tx.now).state, 'revoke')
  if (refusal) throw new Refusal('invalid_state', refusal)
  await tx.db.updateTable('tokens').set({ state: 'revoked' }).where('id', '=', id).execute()
  emitRevoked(tx, row, 'revoked')
}

/** Revokes what a person holds in an organization they leave. */
export async function revokeTokensOfMember(tx: Tx, organizationId: string, userId: string): Promise<void> {
  const rows = await tx.db
    .updateTable('tokens')
    .set({ state: 'revoked' })
    .where('organizationId', '=', organizationId)
    .where('userId', '=', userId)
    .where('state', '=', 'active')
    .returning(['id', 'kind', 'organizationId'])
    .execute()
  for (const row of rows) emitRevoked(tx, row, 'member removed')
}

/** Revokes all that opens an organization that is closed: its agents' tokens and people's tokens for it alone. */
export async function revokeTokensOfOrganization(tx: Tx, organizationId: string): Promise<void> {
  const rows = await tx.db
    .updateTable('tokens')
    .set({ state: 'revoked' })
    .where('organizationId', '=', organizationId)
    .where('state', '=', 'active')
    .returning(['id', 'kind', 'organizationId'])
    .execute()
  for (const row of rows) emitRevoked(tx, row, 'organization closed')
}

/** Revokes every token that acts as a person. */
export async function revokeTokensOfPerson(tx: Tx, userId: string, reason: string): Promise<void> {
  const rows = await tx.db
    .updateTable('tokens')
    .set({ state: 'revoked' })
    .where('userId', '=', userId)
    .where('state', '=', 'active')
    .returning(['id', 'kind', 'organizationId'])
    .execute()
  for (const row of rows) emitRevoked(tx, row, reason)
}

/** Marks tokens whose time is over, so that the log says so and what they opened ends. */
export async function expireTokens(tx: Tx): Promise<void> {
  const rows = await tx.db
    .updateTable('tokens')
    .set({ state: 'expired' })
    .where('state', '=', 'active')
    .where('expiresAt', '<=', tx.now)
    .returning(['id', 'kind', 'organizationId'])
    .execute()
  for (const row of rows) emitRevoked(tx, row, 'expired')
}

function emitRevoked(
  tx: Tx,
  row: { id: string; kind: string; organizationId: string | null },
  reason: string,
) {
  tx.emit(logOf(row), 'token.revoked', { tokenId: row.id, kind: row.kind as 'api' | 'service', reason })
}
