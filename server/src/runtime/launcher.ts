/** One launch: bytes, decision, process, surface. And what is noted of processes as they come and go. */
import type { Decision, Moment } from '@berth/contracts'
import { takeTurns } from '../billing/service.ts'
import { ensureArtifact, getSurface, recordSurface, verifyArtifact } from '../catalog/service.ts'
import type { Origin, Tx } from '../platform/mutate.ts'
import { systemActor, type Platform } from '../platform/platform.ts'
import { Refusal } from '../platform/problem.ts'
import { driftBetween, surfaceHash } from '../platform/surface.ts'
import type { Policy } from '../policy/service.ts'
import { UpstreamError } from '../relay/service.ts'
import { cancelRun, RunFailed, workRun, type Step } from '../runs/service.ts'
import { recordArtifactCheck, recordLiveSurface } from '../trust/service.ts'
import { changeDeployment } from './changes.ts'
import type { Home } from './home.ts'
import type { HeldBy } from './held.ts'
import type { Instance } from './instance.ts'
import { openLaunchRun } from './launch-runs.ts'
import type { Timings } from './limits.ts'
import { planLaunch } from './plan.ts'
import type { Executor } from './process/executor.ts'
import { LaunchRefused } from './process/types.ts'
import { findDeployment, isWanted, lockDeployment, type DeploymentRow } from './store.ts'
import { additions, isPartOf, look, settle, standardFor, type Seen } from './surfaces.ts'

const origin: Origin = { actor: systemActor('reconciler'), requestId: null }

/** A launch that did not work, with the sentence that says why. */
export class LaunchFailure extends Error {
  override readonly name = 'LaunchFailure'
}

/** What the launch was for is not asked for any more. */
export class Superseded extends Error {
  override readonly name = 'Superseded'
  constructor(sentence = 'Something else was asked for meanwhile.') {
    super(sentence)
  }
}

interface Decided {
  decisionId: string
  /** Null: allowed. */
  held: HeldBy | null
}

/** Lines of a server's stderr that go with the sentence that says why it ended. */
export const shownLines = 5

export interface LauncherOptions {
  platform: Platform
  policy: Policy
  executor: Executor
  runnerId: string
  timings: Timings
}

export type Launcher = ReturnType<typeof createLauncher>

export function createLauncher({ platform, policy, executor, runnerId, timings }: LauncherOptions) {
  const { db } = platform

  /** Decides anew and keeps the decision. Null: allowed; otherwise what holds it. */
  async function decide(row: DeploymentRow, moment: Moment): Promise<Decided> {
    const { organizationId, id: deploymentId } = row
    const decision = await platform.mutate(origin, async (tx) => {
      if (moment !== 'running') await takeTurns(tx, organizationId)
      return await policy.decide(tx, { organizationId, deploymentId, moment })
    })
    const held = decision.allowed ? null : await inWords(organizationId, decision)
    return { decisionId: decision.id, held }
  }

  async function inWords(organizationId: string, decision: Decision): Promise<HeldBy> {
    const { id: decisionId, notes, pendingStatus } = decision
    const { sentences } = await policy.explain(db, organizationId, decisionId)
    return { decisionId, notes, pendingStatus, sentence: heldSentence(sentences) }
  }

  /** What holds a deployment that was held, as it is now; null when it may be launched. Decides only what is new. */
  async function recheck(row: DeploymentRow): Promise<HeldBy | null> {
    const { organizationId, id: deploymentId } = row
    const moment = momentOf(row)
    if (row.holdNotes.includes('trust:artifact:unavailable')) await checkedArtifact(row)
    const { allowed } = await policy.judge(db, { organizationId, deploymentId, moment }, platform.clock.now())
    return allowed ? null : (await decide(row, moment)).held
  }

  /** Looks at what a process shows; what is not the admitted surface is decided upon in the same unit of work. */
  async function inspect(home: Home, instance: Instance): Promise<void> {
    const { upstream } = instance
    upstream.markInitialized()
    const seen = await look(upstream, { timeoutMs: timings.listMs })
    if (upstream.isolation === 'session') return await inspectSession(home, instance, seen)
    if (seen.hash === home.known?.hash) return
    const { subject, profile } = home.plan!
    const admitted = await getSurface(db, subject.releaseId, profile)
    const settled = await settleOn(instance, seen, (now) => !admitted || isPartOf(admitted.surface, now))
    const standing = admitted ?? (await admit(home, profile, settled))
    const stands = await judgeLive(home, instance, settled, standing)
    if (stands) home.known = settled
  }

  /**
   * A session's own process may show its kind of client more than the plain surface, and part of it late. What the first
   * session of a kind is shown is admitted for all of them; nothing that the plain surface has may differ.
   */
  async function inspectSession(home: Home, instance: Instance, seen: Seen): Promise<void> {
    const { subject, profile } = home.plan!
    const plain =
      home.known?.surface ?? (await getSurface(db, subject.releaseId, profile))?.surface ?? seen.surface
    const under = `${profile}+${instance.kind}`
    let added = instance.kind === '' ? null : await getSurface(db, subject.releaseId, under)
    const settled = instance.kind === '' || added ? seen : await settleOn(instance, seen, () => true)
    if (instance.kind !== '' && !added) {
      const surface = additions(plain, settled.surface)
      added = await admit(home, under, { surface, hash: surfaceHash(surface) })
    }
    const none = additions(plain, plain)
    const standard = standardFor(plain, added?.surface ?? none, settled.surface)
    if (driftBetween(standard, settled.surface).length === 0) instance.held = null
    else await judgeLive(home, instance, settled, { surface: standard, hash: surfaceHash(standard) })
  }

  const settleOn = (instance: Instance, seen: Seen, unfinished: (seen: Seen) => boolean) =>
    settle(instance.upstream, {
      changedAt: () => instance.changedAt,
      limits: { timeoutMs: timings.listMs },
      unfinished,
      seen,
    })

  const admit = (home: Home, under: string, { surface, hash }: Seen) =>
    platform.mutate(origin, (tx) => recordSurface(tx, home.plan!.subject.releaseId, under, surface, hash))

  /** Keeps what is seen live beside what it should be, and holds the instance when that is decided. True: it stands. */
  async function judgeLive(home: Home, instance: Instance, seen: Seen, admitted: Seen): Promise<boolean> {
    const { subject, profile } = home.plan!
    const decision = await platform.mutate(origin, async (tx) => {
      const drift = await recordLiveSurface(tx, subject, { ...seen, admitted, profile })
      const { organizationId, id: deploymentId } = subject
      const stands = drift !== null && drift.length === 0
      return stands ? null : await policy.decide(tx, { organizationId, deploymentId, moment: 'running' })
    })
    instance.held = decision && !decision.allowed ? await inWords(subject.organizationId, decision) : null
    return decision === null
  }

  /**
   * One attempt. Null: it runs; otherwise what holds it. Throws LaunchFailure when it could not be started, Superseded
   * when something else was asked for meanwhile; `signal` hurries that.
   */
  async function attempt(home: Home, row: DeploymentRow, signal: AbortSignal): Promise<HeldBy | null> {
    let held: HeldBy | null = null
    let failure: Error | null = null
    const runId = await platform.mutate(origin, async (tx) => {
      const now = await lockWanted(tx, row)
      const starting = now.phase === 'running' ? await changeDeployment(tx, now, {}, 'exit') : now
      if (starting.phase !== 'launching') await changeDeployment(tx, starting, { reason: null }, 'launch')
      return await openLaunchRun(tx, now)
    })
    await workRun(platform, runId, { leasedBy: runnerId }, async (_run, step) => {
      try {
        held = await launch(home, row, step, signal)
      } catch (error) {
        failure = asFailure(signal.aborted ? signal.reason : error, home)
        if (failure instanceof Superseded) {
          await platform.mutate(origin, (tx) => cancelRun(tx, runId, failure!.message))
        }
        throw isServers(error) ? new RunFailed(failure.message) : failure
      }
      if (held) throw new RunFailed(held.sentence)
    })
    if (failure) throw failure
    return held
  }

  async function launch(
    home: Home,
    row: DeploymentRow,
    step: Step,
    signal: AbortSignal,
  ): Promise<HeldBy | null> {
    await step('fetching and checking the artifact')
    const artifact = await checkedArtifact(row)
    await step('deciding')
    const fresh = (await findDeployment(db, row.id))!
    if (!isStillWanted(fresh, row)) throw new Superseded()
    const { held } = await decide(fresh, momentOf(fresh))
    if (held) return held
    await step('starting')
    const plan = await planLaunch(platform, fresh, artifact)
    signal.throwIfAborted()
    const sentinel = await home.open(plan)
    await step('deciding on what it shows')
    const seen = await decide(fresh, 'running')
    signal.throwIfAborted()
    if (seen.held) return seen.held
    await platform.mutate(origin, async (tx) => {
      const now = await lockWanted(tx, row)
      if (!home.serves) throw new UpstreamError('It ended while it was looked at.')
      const running = {
        health: 'healthy' as const,
        hold: null,
        holdNotes: [],
        decisionId: seen.decisionId,
        reason: null,
        nextAttemptAt: null,
        enforcement: sentinel.enforcement,
        runningGeneration: row.generation,
        startedAt: tx.now,
      }
      await changeDeployment(tx, now, running, 'ready')
    })
    return null
  }

  /** The deployment, locked, while it is still this that is asked of this runner. */
  async function lockWanted(tx: Tx, row: DeploymentRow): Promise<DeploymentRow> {
    const now = await lockDeployment(tx, row.id)
    if (!now || !isStillWanted(now, row)) throw new Superseded()
    return now
  }

  const isStillWanted = (now: DeploymentRow, row: DeploymentRow): boolean =>
    isWanted(now) && now.generation === row.generation && now.runnerId === runnerId

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
    recheck,
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

/** The first time that anything of this release is started here, or once more. */
const momentOf = (row: DeploymentRow): Moment =>
  row.liveHash === null || row.liveRelease !== row.releaseId ? 'launch' : 'relaunch'

/** Whether it is the server, or what it is made of, that did not work: the run is failed then, else errored. */
function isServers(error: unknown): boolean {
  return error instanceof UpstreamError || (error instanceof Refusal && error.code === 'artifact_unavailable')
}

function asFailure(error: unknown, home: Home): Error {
  if (error instanceof Superseded) return error
  const { message } = error as Error
  const known = error instanceof UpstreamError || error instanceof LaunchRefused || error instanceof Refusal
  const tail = home.lastExit?.stderrTail.slice(-shownLines) ?? []
  return new LaunchFailure([known ? message : `The launch failed: ${message}`, ...tail].join('\n'))
}
