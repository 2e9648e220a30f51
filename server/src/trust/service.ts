/** Trust: whether a deployment's bytes and surface are those that were admitted, from what was observed. */
import type { Surface, SurfaceDifference } from '@berth/contracts'
import type { Queryable } from '../platform/db/database.ts'
import type { Tx } from '../platform/mutate.ts'
import { Refusal } from '../platform/problem.ts'
import { driftBetween } from '../platform/surface.ts'
import { findTrust, lockTrust, writeTrust, type TrustRow, type TrustSubject } from './store.ts'

export { trustGate } from './gate.ts'
export type { TrustSubject } from './store.ts'

/** What a check of an artifact's bytes against its digest came to. */
export interface ArtifactCheck {
  /** Whether the bytes are those of the digest; null: it could not be checked. */
  ok: boolean | null
  /** The digest of the bytes that were found, `sha256:…`; null when there are none. */
  digest: string | null
  /** A sentence, when there is something to say. */
  detail: string | null
}

/** Keeps what the check before a launch came to. */
export async function recordArtifactCheck(
  tx: Tx,
  deployment: TrustSubject,
  check: ArtifactCheck,
): Promise<void> {
  await lockTrust(tx.db, deployment)
  await writeTrust(tx.db, deployment.id, {
    artifactOk: check.ok,
    artifactDigest: check.digest,
    artifactDetail: check.detail,
    artifactGeneration: deployment.generation,
    artifactCheckedAt: tx.now,
  })
}

export interface LiveSurface {
  /** As observed and normalized. */
  surface: Surface
  hash: string
  /** What was admitted for this release and profile; null: nothing, and a person has to accept what is seen. */
  admitted: { surface: Surface; hash: string } | null
  /** The configuration profile the admitted surface is of. Default `default`. */
  profile?: string
}

/**
 * Keeps what a running server shows of itself and compares it. Returns how it differs from what was admitted or
 * accepted: an empty list when it does not, null when there is nothing to compare with. A surface that drifted is
 * told in the log, once until another one is seen.
 */
export async function recordLiveSurface(
  tx: Tx,
  deployment: TrustSubject,
  live: LiveSurface,
): Promise<SurfaceDifference[] | null> {
  const { surface, hash, admitted, profile = 'default' } = live
  const before = await lockTrust(tx.db, deployment, profile)
  const drift = compare(surface, admitted?.surface ?? null, before.acceptedSurface)
  await writeTrust(tx.db, deployment.id, {
    admittedHash: admitted?.hash ?? null,
    liveHash: hash,
    ...(before.liveHash === hash ? {} : { liveSurface: surface }),
    liveGeneration: deployment.generation,
    liveAt: tx.now,
    drift,
  })
  if (admitted && drift && drift.length > 0 && before.liveHash !== hash) {
    tx.emit(deployment.organizationId, 'surface.drifted', {
      workspaceId: deployment.workspaceId,
      deploymentId: deployment.id,
      admittedHash: before.acceptedHash ?? admitted.hash,
      liveHash: hash,
      differences: brief(drift),
    })
  }
  return drift
}

/** Past this many characters the log names what differs without quoting it; the trust record has it all. */
const quotedInLog = 64 * 1024

function brief(drift: SurfaceDifference[]): SurfaceDifference[] {
  if (JSON.stringify(drift).length <= quotedInLog) return drift
  return drift.slice(0, 100).map(({ kind, name, change, fields }) => {
    const places = fields
      .slice(0, 20)
      .map(({ path }) => ({ path: path.slice(0, 200), before: null, after: null }))
    return { kind, name: name.slice(0, 200), change, fields: places }
  })
}

/** A surface stands when it does not differ from the admitted one, or from one that was accepted in its place. */
function compare(
  live: Surface,
  admitted: Surface | null,
  accepted: Surface | null,
): SurfaceDifference[] | null {
  const standards = [admitted, accepted].filter((standard) => standard !== null)
  const drifts = standards.map((standard) => driftBetween(standard, live))
  return drifts.find((drift) => drift.length === 0) ?? drifts.at(-1) ?? null
}

/**
 * Accepts the surface that was seen live, by its hash, in place of the admitted one. Refuses when none was seen, when
 * another one was seen meanwhile, and when there is nothing to accept. Accepting again changes nothing.
 */
export async function acceptSurface(tx: Tx, deployment: TrustSubject, hash: string): Promise<void> {
  const row = await lockTrust(tx.db, deployment)
  if (row.liveHash === null || row.liveSurface === null) {
    throw new Refusal('invalid_state', 'No surface of this deployment was seen live yet; start it first.')
  }
  if (row.liveHash !== hash) {
    throw new Refusal(
      'version_conflict',
      `The surface that is live now is ${row.liveHash}; look at it, then accept that.`,
      {
        current: { liveHash: row.liveHash },
      },
    )
  }
  if (row.acceptedHash === hash) return
  if (row.drift?.length === 0) {
    throw new Refusal(
      'invalid_state',
      'The live surface is the one that was admitted; there is nothing to accept.',
    )
  }
  await writeTrust(tx.db, deployment.id, {
    acceptedHash: hash,
    acceptedSurface: row.liveSurface,
    acceptedBy: tx.actor.id,
    drift: [],
  })
  const { workspaceId, id: deploymentId } = deployment
  tx.emit(deployment.organizationId, 'surface.accepted', { workspaceId, deploymentId, hash })
}

/** What is known of a deployment's present release; null when nothing was observed yet. */
export async function getTrust(
  db: Queryable,
  organizationId: string,
  deploymentId: string,
): Promise<Omit<TrustRow, 'acceptedSurface'> | null> {
  const row = await findTrust(db, organizationId, deploymentId)
  if (!row) return null
  const { acceptedSurface: _, ...shown } = row
  return shown
}
