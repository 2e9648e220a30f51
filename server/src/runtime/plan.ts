import path from 'node:path'
import { limits, type Artifact, type Release, type ReleaseManifest } from '@berth/contracts'
import { fillManifest, profileOf, type InstalledArtifact } from '../catalog/service.ts'
import type { Platform } from '../platform/platform.ts'
import { revealSecrets } from '../secrets/service.ts'
import type { TrustSubject } from '../trust/service.ts'
import type { DeploymentRow } from './store.ts'
import type { LaunchLimits } from './process/types.ts'

/** Everything needed to start a deployment's processes, secrets included: kept in memory only. */
export interface LaunchPlan {
  /** Whose launch it is, as trust knows it. */
  subject: TrustSubject
  /** The configuration profile its surface belongs to. */
  profile: string
  isolation: 'session' | 'principal' | 'shared'
  command: string[]
  env: Record<string, string>
  mounts: { source: string; target: string }[]
  cwd: string
  egress: string[]
  allowPrivateEgress: boolean
  limits: LaunchLimits
  sandbox: 'required' | 'preferred'
  logDir: string
  redact: string[]
  remote: { url: string; headers: Record<string, string> } | null
}

const startup = { startupCpus: 2, startupSeconds: 15, tmpMb: 64 }

/** Fills the release's manifest with the deployment's config and secrets. */
export async function planLaunch(
  platform: Platform,
  row: DeploymentRow,
  artifact: InstalledArtifact,
): Promise<LaunchPlan> {
  const names = Object.values(row.secrets)
  const values = await revealSecrets(platform.db, platform.keys, row.organizationId, row.workspaceId, names)
  const secrets = Object.fromEntries(
    Object.entries(row.secrets).map(([name, secret]) => [name, values[secret]!]),
  )
  return {
    ...manifestPlan(row.manifest, row.artifact, artifact, row.config, secrets),
    subject: row,
    limits: { ...row.limits, ...startup },
    sandbox: row.sandbox,
    logDir: logFolder(platform.config.dataDir, row.id),
  }
}

/** A plan to look at a release by itself: no organization, no secrets, the default limits. */
export function planRelease(
  release: Release,
  config: Record<string, unknown>,
  artifact: InstalledArtifact,
  folder: string,
): LaunchPlan {
  const nobody = { id: release.id, organizationId: '', workspaceId: '', releaseId: release.id, generation: 0 }
  return {
    ...manifestPlan(release.manifest, release.artifact, artifact, config, {}),
    subject: nobody,
    limits: { ...limits.parse({}), ...startup },
    sandbox: 'preferred',
    logDir: path.join(folder, 'log'),
  }
}

function manifestPlan(
  manifest: ReleaseManifest,
  source: Artifact,
  artifact: InstalledArtifact,
  config: Record<string, unknown>,
  secrets: Record<string, string>,
) {
  const filled = fillManifest(manifest, config, secrets)
  return {
    profile: profileOf(manifest, config),
    isolation: manifest.isolation,
    command: [...artifact.command, ...filled.args],
    env: filled.env,
    mounts: artifact.mounts,
    cwd: artifact.mounts[0]?.target ?? '/data',
    egress: manifest.egress,
    // Whoever adds a folder of their own machine may let it reach that machine; what comes from elsewhere may not.
    allowPrivateEgress: source.kind === 'local',
    redact: Object.values(secrets),
    remote: source.kind === 'remote' ? { url: source.url, headers: filled.headers } : null,
  }
}

export const logFolder = (dataDir: string, deploymentId: string): string =>
  path.join(dataDir, 'logs', deploymentId)
