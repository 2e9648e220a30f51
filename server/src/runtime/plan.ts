import path from 'node:path'
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
  const filled = fillManifest(row.manifest, row.config, secrets)
  return {
    subject: row,
    profile: profileOf(row.manifest, row.config),
    isolation: row.manifest.isolation,
    command: [...artifact.command, ...filled.args],
    env: filled.env,
    mounts: artifact.mounts,
    cwd: artifact.mounts[0]?.target ?? '/data',
    egress: row.manifest.egress,
    allowPrivateEgress: row.artifact.kind === 'local',
    limits: { ...row.limits, ...startup },
    sandbox: row.sandbox,
    logDir: logFolder(platform.config.dataDir, row.id),
    redact: Object.values(secrets),
    remote: row.artifact.kind === 'remote' ? { url: row.artifact.url, headers: filled.headers } : null,
  }
}

export const logFolder = (dataDir: string, deploymentId: string): string =>
  path.join(dataDir, 'logs', deploymentId)
