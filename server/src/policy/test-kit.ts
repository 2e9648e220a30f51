/** What the tests of policy share: a deployment with a live runner, and ways to let things be observed of it. */
import type { Moment, Surface } from '@berth/contracts'
import { readEvents } from '../platform/log/read.ts'
import { surfaceHash } from '../platform/surface.ts'
import { movableClock, openTestPlatform, seedDeployment, seedRunner } from '../platform/testing/index.ts'
import { capabilityGate } from '../runtime/gate.ts'
import {
  recordArtifactCheck,
  recordLiveSurface,
  trustGate,
  type ArtifactCheck,
  type TrustSubject,
} from '../trust/service.ts'
import { createPolicy } from './service.ts'

export const surfaceOf = (description: string) => {
  const surface: Surface = {
    serverInfo: { name: 'weather' },
    tools: [{ name: 'forecast', description }],
    prompts: [],
    resources: [],
    resourceTemplates: [],
  }
  return { surface, hash: surfaceHash(surface) }
}
export const admitted = surfaceOf('Tells the weather')
export const changed = surfaceOf('Tells the weather.')

const intact: ArtifactCheck = { ok: true, digest: `sha256:${'0'.repeat(64)}`, detail: null }

export type PolicyKit = Awaited<ReturnType<typeof openPolicyKit>>

export async function openPolicyKit() {
  const clock = movableClock()
  const platform = await openTestPlatform({ clock })
  const { db } = platform
  const policy = createPolicy([trustGate, capabilityGate])
  let deployment: TrustSubject

  const asked = (moment: Moment) => ({
    organizationId: deployment.organizationId,
    deploymentId: deployment.id,
    moment,
  })
  const kit = {
    clock,
    platform,
    policy,
    get deployment() {
      return deployment
    },
    /** A new deployment, on a new runner unless one is given. */
    use: async (given: Parameters<typeof seedDeployment>[1] = {}) => {
      clock.advance(1)
      const runnerId = given.runnerId === undefined ? await seedRunner(db) : given.runnerId
      deployment = { ...(await seedDeployment(db, { ...given, runnerId })), generation: 1 }
    },
    decide: (moment: Moment) => platform.change((tx) => policy.decide(tx, asked(moment))),
    look: (moment: Moment) => policy.judge(db, asked(moment), clock.now()),
    checkArtifact: (check = intact) => platform.change((tx) => recordArtifactCheck(tx, deployment, check)),
    show: (live: typeof admitted, known: typeof admitted | null = admitted) =>
      platform.change((tx) => recordLiveSurface(tx, deployment, { ...live, admitted: known })),
    set: (fields: { quarantined?: boolean; generation?: number; phase?: string; releaseId?: string }) =>
      db.updateTable('deployments').set(fields).where('id', '=', deployment.id).execute(),
    setRelease: (state: string) =>
      db.updateTable('releases').set({ state }).where('id', '=', deployment.releaseId).execute(),
    eventsOf: async (type: string) =>
      (await readEvents(db, deployment.organizationId, 0)).filter((event) => event.type === type),
    close: () => platform.close(),
  }
  await kit.use()
  return kit
}
