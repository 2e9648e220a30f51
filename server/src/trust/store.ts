import { sql } from 'kysely'
import type { Surface, SurfaceDifference } from '@berth/contracts'
import type { Queryable } from '../platform/db/database.ts'

/** A deployment as far as trust is concerned. */
export interface TrustSubject {
  id: string
  organizationId: string
  workspaceId: string
  releaseId: string
  /** Which asking for processes the facts are about. */
  generation: number
}

export interface TrustRow {
  releaseId: string
  profile: string
  admittedHash: string | null
  acceptedHash: string | null
  acceptedSurface: Surface | null
  acceptedBy: string | null
  liveHash: string | null
  liveSurface: Surface | null
  liveAt: Date | null
  drift: SurfaceDifference[] | null
}

export interface TrustPatch {
  artifactOk?: boolean | null
  artifactDigest?: string | null
  artifactDetail?: string | null
  artifactGeneration?: number
  artifactCheckedAt?: Date
  admittedHash?: string | null
  acceptedHash?: string | null
  acceptedSurface?: Surface | null
  acceptedBy?: string | null
  liveHash?: string
  liveSurface?: Surface
  liveGeneration?: number
  liveAt?: Date
  drift?: SurfaceDifference[] | null
}

/**
 * The record of a deployment, locked, made when there is none. One about another release or profile is emptied first:
 * nothing of it speaks for this one.
 */
export async function lockTrust(db: Queryable, subject: TrustSubject, profile?: string): Promise<TrustRow> {
  const { id: deploymentId, organizationId, releaseId } = subject
  await db
    .insertInto('trustRecords')
    .values({ deploymentId, organizationId, releaseId, ...(profile === undefined ? {} : { profile }) })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const row = await db
    .selectFrom('trustRecords')
    .selectAll()
    .where('deploymentId', '=', deploymentId)
    .forUpdate()
    .executeTakeFirstOrThrow()
  if (row.releaseId === releaseId && (profile === undefined || row.profile === profile)) return toRow(row)
  const emptied = { ...empty, releaseId, profile: profile ?? 'default' }
  const fresh = await db
    .updateTable('trustRecords')
    .set(emptied)
    .where('deploymentId', '=', deploymentId)
    .returningAll()
    .executeTakeFirstOrThrow()
  return toRow(fresh)
}

const empty = {
  artifactOk: null,
  artifactDigest: null,
  artifactDetail: null,
  artifactGeneration: null,
  artifactCheckedAt: null,
  admittedHash: null,
  acceptedHash: null,
  acceptedSurface: null,
  acceptedBy: null,
  liveHash: null,
  liveSurface: null,
  liveGeneration: null,
  liveAt: null,
  drift: null,
}

export async function writeTrust(db: Queryable, deploymentId: string, patch: TrustPatch): Promise<void> {
  const json = (value: unknown) => (value === null ? null : JSON.stringify(value))
  const { acceptedSurface, liveSurface, drift, ...plain } = patch
  await db
    .updateTable('trustRecords')
    .set({
      ...plain,
      ...(acceptedSurface === undefined ? {} : { acceptedSurface: json(acceptedSurface) }),
      ...(liveSurface === undefined ? {} : { liveSurface: json(liveSurface) }),
      ...(drift === undefined ? {} : { drift: json(drift) }),
    })
    .where('deploymentId', '=', deploymentId)
    .execute()
}

/** What is known of a deployment's present release; null when nothing is. */
export async function findTrust(
  db: Queryable,
  organizationId: string,
  deploymentId: string,
): Promise<TrustRow | null> {
  const { rows } = await sql<TrustRow>`
    select t.* from trust_records t join deployments d on d.id = t.deployment_id and d.release_id = t.release_id
    where t.deployment_id = ${deploymentId} and t.organization_id = ${organizationId}`.execute(db)
  return rows[0] ? toRow(rows[0]) : null
}

type Raw = Omit<TrustRow, 'acceptedSurface' | 'liveSurface' | 'drift'> &
  Record<'acceptedSurface' | 'liveSurface' | 'drift', unknown>

function toRow(row: Raw): TrustRow {
  return {
    releaseId: row.releaseId,
    profile: row.profile,
    admittedHash: row.admittedHash,
    acceptedHash: row.acceptedHash,
    acceptedSurface: row.acceptedSurface as Surface | null,
    acceptedBy: row.acceptedBy,
    liveHash: row.liveHash,
    liveSurface: row.liveSurface as Surface | null,
    liveAt: row.liveAt,
    drift: row.drift as SurfaceDifference[] | null,
  }
}
