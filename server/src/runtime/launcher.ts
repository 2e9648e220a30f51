/** One launch: bytes, decision, process, surface. And what is noted of processes as they come and go. */
import type { Moment, Surface } from '@berth/contracts'
import { ensureArtifact, getSurface, recordSurface, verifyArtifact } from '../catalog/service.ts'
import type { Origin } from '../platform/mutate.ts'
import { systemActor, type Platform } from '../platform/platform.ts'
import { Refusal } from '../platform/problem.ts'
import { driftBetween, normalizeSurface, surfaceHash } from '../platform/surface.ts'
import type { Policy } from '../policy/service.ts'
import { observeSurface, UpstreamError } from '../relay/service.ts'
import { RunFailed, workRun, type Step } from '../runs/service.ts'
import { recordArtifactCheck, recordLiveSurface } from '../trust/service.ts'
import { changeDeployment } from './changes.ts'
import type { Home } from './home.ts'
import type { HeldBy } from './held.ts'
import type { Instance } from './instance.ts'
import { openLaunchRun } from './launch-runs.ts'
import { planLaunch } from './plan.ts'
import type { Executor } from './process/executor.ts'
import { LaunchRefused } from './process/types.ts'
import { findDeployment, type DeploymentRow } from './store.ts'

const origin: Origin = { actor: systemActor('reconciler'), requestId: null }

/** A launch that did not work, with the sentence that says why. */
export class LaunchFailure extends Error {
  override readonly name = 'LaunchFailure'
}

export interface LauncherOptions {
  platform: Platform
  policy: Policy
  executor: Executor
  runnerId: string
}

export type Launcher = ReturnType<typeof createLauncher>

export function createLauncher({ platform, policy, executor, runnerId }: LauncherOptions) {
  const { db } = platform

  /** Decides anew and keeps the decision; what it says of a deployment that is held. */
  async function decide(row: DeploymentRow, moment: Moment): Promise<HeldBy & { allowed: boolean }> {
    const { organizationId, id: deploymentId } = row
    const decision = await platform.mutate(origin, (tx) =>
      policy.decide(tx, { organizationId, deploymentId, moment }),
    )
    const { allowed, id: decisionId, notes, pendingStatus } = decision
    if (allowed) return { allowed, decisionId, notes, pendingStatus, sentence: '' }
    const { sentences } = await policy.explain(db, organizationId, decisionId)
    return { allowed, decisionId, notes, pendingStatus, sentence: heldSentence(sentences) }
  }

  /** Looks at what a process shows; what is not the admitted surface marks it drifted. */
  async function inspect(home: Home, instance: Instance): Promise<void> {
    const { subject, profile } = home.plan!
    const surface = normalizeSurface(await observeSurface(instance.upstream))
    const hash = surfaceHash(surface)
    if (hash === home.knownHash) return
    const asked = instance.upstream.isolation === 'session'
    const standing = await standingSurface(home, surface, hash, asked)
    const drift = await platform.mutate(origin, (tx) =>
      recordLiveSurface(tx, subject, { surface, hash, admitted: standing, profile }),
    )
    instance.drifted = drift === null || drift.length > 0
    if (!instance.drifted && !asked) home.knownHash = hash
  }

  /**
   * The admitted surface of a release and profile; the first one seen becomes it. A client that can be asked back may
   * be shown more tools, so such sessions have a profile of their own, and what it shares with the plain one must not differ.
   */
  async function standingSurface(home: Home, surface: Surface, hash: string, asked: boolean) {
    const { subject, profile } = home.plan!
    const plain = await getSurface(db, subject.releaseId, profile)
    if (!asked || (plain && !extendsSurface(plain.surface, surface))) return plain ?? (await admit(profile))
    return await admit(`${profile}+asked`)

    async function admit(under: string) {
      const known = await getSurface(db, subject.releaseId, under)
      if (known) return known
      return await platform.mutate(origin, (tx) => recordSurface(tx, subject.releaseId, under, surface, hash))
    }
  }

  /** One attempt. Null: it runs; otherwise what holds it. Throws LaunchFailure when it could not be started. */
  async function attempt(home: Home, row: DeploymentRow): Promise<HeldBy | null> {
    let held: HeldBy | null = null
    let failure: unknown = null
    const runId = await platform.mutate(origin, async (tx) => {
      const now = (await findDeployment(tx.db, row.id))!
      const starting = now.phase === 'running' ? await changeDeployment(tx, now, {}, 'exit') : now
      if (starting.phase !== 'launching') await changeDeployment(tx, starting, { reason: null }, 'launch')
      return await openLaunchRun(tx, row)
    })
    await workRun(platform, runId, { leasedBy: runnerId }, async (_run, step) => {
      try {
        held = await launch(home, row, step)
      } catch (error) {
        failure = error
        throw error
      }
      if (held) throw new RunFailed(held.sentence)
    })
    if (failure) throw new LaunchFailure(sentenceOf(failure, home))
    return held
  }

  async function launch(home: Home, row: DeploymentRow, step: Step): Promise<HeldBy | null> {
    await step('fetching and checking the artifact')
    const artifact = await checkedArtifact(row)
    await step('deciding')
    const moment = row.liveHash === null ? 'launch' : 'relaunch'
    const decision = await decide(row, moment)
    if (!decision.allowed) return decision
    await step('starting')
    const fresh = (await findDeployment(db, row.id))!
    const plan = await planLaunch(platform, fresh, artifact!)
    const sentinel = await home.open(plan)
    await step('deciding on what it shows')
    const seen = await decide(row, 'running')
    if (!seen.allowed) return seen
    await platform.mutate(origin, async (tx) => {
      await tx.db.selectFrom('deployments').select('id').where('id', '=', row.id).forUpdate().execute()
      const now = (await findDeployment(tx.db, row.id))!
      await changeDeployment(
        tx,
        now,
        {
          health: 'healthy',
          hold: null,
          holdNotes: [],
          decisionId: seen.decisionId,
          reason: null,
          nextAttemptAt: null,
          enforcement: sentinel.enforcement,
          runningGeneration: row.generation,
          startedAt: tx.now,
        },
        'ready',
      )
    })
    return null
  }

  /** The artifact's bytes, there and checked; what the check found is a fact for the trust gate. */
  async function checkedArtifact(row: DeploymentRow) {
    const artifact = await ensureArtifact(platform, row.releaseId)
    const check = await verifyArtifact(platform, artifact)
    await platform.mutate(origin, (tx) => recordArtifactCheck(tx, row, check))
    return artifact
  }

  return {
    executor,
    decide,
    inspect,
    attempt,
    noteStarted: async (home: Home, instance: Instance) => {
      const { subject } = home.plan!
      await db
        .insertInto('instances')
        .values({
          id: instance.id,
          organizationId: subject.organizationId,
          deploymentId: subject.id,
          runnerId,
          generation: subject.generation,
          isolationKey: instance.key,
          state: 'starting',
          pid: instance.handle?.pid ?? null,
          enforcement: JSON.stringify(instance.enforcement),
          startedAt: new Date(),
        })
        .execute()
    },
    noteReady: (instance: Instance) => setInstance(instance.id, { state: 'ready' }),
    noteGone: (instance: Instance, sentence: string) =>
      setInstance(instance.id, { state: 'gone', exitReason: sentence, endedAt: new Date() }),
  }

  async function setInstance(
    id: string,
    fields: { state: string; exitReason?: string; endedAt?: Date },
  ): Promise<void> {
    await db.updateTable('instances').set(fields).where('id', '=', id).where('state', '<>', 'gone').execute()
  }
}

/** Of a decision in words, what stands in the way. */
function heldSentence(sentences: string[]): string {
  const blocking = sentences.flatMap((one) => /^[a-z-]+ \((?:hold|veto)\): (.*)$/s.exec(one)?.[1] ?? [])
  return `Held: ${blocking.join(' ')}`
}

/** Whether a surface shows everything of the plain one unchanged, and perhaps more. */
function extendsSurface(plain: Surface, extended: Surface): boolean {
  return driftBetween(plain, extended).every(({ change }) => change === 'added')
}

function sentenceOf(error: unknown, home: Home): string {
  const { message } = error as Error
  const known = error instanceof UpstreamError || error instanceof LaunchRefused || error instanceof Refusal
  const tail = home.lastExit?.stderrTail.slice(-5) ?? []
  const text = known || tail.length > 0 ? message : `The launch failed: ${message}`
  return [text, ...tail].join('\n')
}
