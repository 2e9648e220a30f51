/** Brings each deployment whose home is here to what is asked for and allowed, again and again. */
import type { LogEvent } from '@berth/contracts'
import { systemActor, type Platform } from '../platform/platform.ts'
import type { Origin, Tx } from '../platform/mutate.ts'
import { changeDeployment, type DeploymentPatch, type PhaseAction } from './changes.ts'
import { Home, type HomeEvents } from './home.ts'
import type { HeldBy, StopReason } from './held.ts'
import { LaunchFailure, type Launcher } from './launcher.ts'
import { cancelOpenLaunch } from './launch-runs.ts'
import { backoffMs, maxFailures } from './limits.ts'
import type { ExitInfo } from './process/types.ts'
import type { Upstream } from '../relay/service.ts'
import type { Instance } from './instance.ts'
import { wakeOf } from './wakes.ts'
import { claimHomes, findDeployment, homesOf, type DeploymentRow } from './store.ts'

const resyncMs = 5000
const postureMs = 10_000
const pingMs = 15_000
const pingTimeoutMs = 10_000
/** A deployment that ran this long starts counting its failures anew. */
const stableMs = 60_000

const origin: Origin = { actor: systemActor('reconciler'), requestId: null }

interface Place {
  home: Home
  /** The reconciliation under way and whether another one is wanted after it. */
  busy: Promise<void> | null
  again: boolean
  timer: NodeJS.Timeout | null
  decidedAt: number
  /** Something happened that may change the decision. */
  suspect: boolean
  pingFailures: number
}

export interface ReconcilerOptions {
  platform: Platform
  runnerId: string
  launcher: Launcher
  /** Called when a deployment stops serving here, before its processes end. */
  onStop(deploymentId: string, why: StopReason): void
  /** Called when it serves again. */
  onServing(deploymentId: string): void
}

export class Reconciler {
  private readonly options: ReconcilerOptions
  private readonly places = new Map<string, Place>()
  private readonly timers: NodeJS.Timeout[] = []
  private unsubscribe: () => void = () => {}
  private stopped = false
  private fenced = false

  constructor(options: ReconcilerOptions) {
    this.options = options
  }

  start(): void {
    this.unsubscribe = this.options.platform.feed.subscribe((events) => this.hear(events))
    this.timers.push(setInterval(() => void this.resync(), resyncMs))
    this.timers.push(setInterval(() => void this.pingAll(), pingMs))
    void this.resync()
  }

  /** The home of a deployment, if it is here and open. */
  home(deploymentId: string): Home | null {
    return this.places.get(deploymentId)?.home ?? null
  }

  release(upstream: Upstream, sessionId: string): void {
    for (const place of this.places.values()) place.home.release(upstream, sessionId)
  }

  /** Stops all processes; rows stay as they are, so that the next home takes up from there. */
  async stop(): Promise<void> {
    this.stopped = true
    this.unsubscribe()
    for (const timer of this.timers) clearInterval(timer)
    await Promise.all(
      [...this.places.values()].map(async (place) => {
        if (place.timer) clearTimeout(place.timer)
        await place.home.close('Berth is stopping.')
        await place.busy
      }),
    )
    await this.options.platform.db
      .updateTable('deployments')
      .set({ runnerId: null })
      .where('runnerId', '=', this.options.runnerId)
      .execute()
  }

  /** The lease is lost: everything ends now, and nothing starts until it is held again. */
  fence(): void {
    this.fenced = true
    for (const place of this.places.values()) void place.home.close('This runner lost its lease.', 0)
    this.places.clear()
  }

  /** Events only wake; what is done follows from the state. */
  private hear(events: LogEvent[]): void {
    for (const event of events) {
      const wake = wakeOf(event)
      if (wake === 'all') void this.resync(true)
      else if (wake) this.suspect(wake.deploymentId, wake.claim)
    }
  }

  private suspect(id: string, claim: boolean): void {
    const place = this.places.get(id)
    if (place) {
      place.suspect = true
      this.wake(id)
    } else if (claim) void this.resync()
  }

  private async resync(suspect = false): Promise<void> {
    if (this.stopped) return
    const { platform, runnerId } = this.options
    try {
      await claimHomes(platform.db, runnerId, 20)
      const mine = await homesOf(platform.db, runnerId)
      this.fenced = false
      for (const id of mine) {
        const place = this.place(id)
        place.suspect ||= suspect
        this.wake(id)
      }
      for (const id of this.places.keys()) if (!mine.includes(id)) this.wake(id)
    } catch (error) {
      platform.logger.warn({ err: (error as Error).message }, 'the reconciler could not look')
    }
  }

  private place(id: string): Place {
    let place = this.places.get(id)
    if (!place) {
      const { platform, launcher } = this.options
      const home = new Home(id, platform.config.dataDir, launcher.executor, this.homeEvents)
      place = {
        home,
        busy: null,
        again: false,
        timer: null,
        decidedAt: Number.NEGATIVE_INFINITY,
        suspect: false,
        pingFailures: 0,
      }
      this.places.set(id, place)
    }
    return place
  }

  /** One reconciliation a deployment at a time; a wake-up meanwhile makes one more. */
  private wake(id: string): void {
    const place = this.places.get(id)
    if (!place || this.stopped || this.fenced) return
    place.again = true
    place.busy ??= this.work(id, place).finally(() => (place.busy = null))
  }

  private async work(id: string, place: Place): Promise<void> {
    while (place.again && !this.stopped && !this.fenced) {
      place.again = false
      try {
        await this.reconcile(id, place)
      } catch (error) {
        this.options.platform.logger.error(
          { deployment: id, err: (error as Error).message },
          'a reconciliation failed',
        )
        this.later(id, place, 2000)
        return
      }
    }
  }

  private later(id: string, place: Place, ms: number): void {
    if (place.timer) clearTimeout(place.timer)
    place.timer = setTimeout(() => this.wake(id), ms)
  }

  private async reconcile(id: string, place: Place): Promise<void> {
    const row = await findDeployment(this.options.platform.db, id)
    if (!row || row.runnerId !== this.options.runnerId) return await this.leave(id, place, row)
    if (row.deletedAt) return await this.clear(row, place)
    if (row.desired === 'stopped' || row.workspaceState !== 'active') return await this.bringDown(row, place)
    if (row.phase === 'running' && place.home.serves && row.runningGeneration === row.generation) {
      return await this.keepRunning(row, place)
    }
    if (row.phase === 'failed' && row.failures >= maxFailures) return
    if (row.hold && !this.worthDeciding(place)) return
    const wait = row.nextAttemptAt
      ? row.nextAttemptAt.getTime() - this.options.platform.clock.now().getTime()
      : 0
    if (wait > 0) return this.later(id, place, wait)
    await this.launch(row, place)
  }

  private worthDeciding(place: Place): boolean {
    return place.suspect || performance.now() - place.decidedAt > postureMs
  }

  /** Somebody else's now, or gone. */
  private async leave(id: string, place: Place, row: DeploymentRow | null): Promise<void> {
    this.places.delete(id)
    this.options.onStop(id, {
      sentence: 'The deployment moved.',
      decisionId: row?.decisionId ?? null,
      notes: [],
    })
    await place.home.close('The deployment moved to another runner.')
  }

  private async clear(row: DeploymentRow, place: Place): Promise<void> {
    this.options.onStop(row.id, { sentence: 'The deployment was deleted.', decisionId: null, notes: [] })
    await place.home.close('The deployment was deleted.')
    await place.home.forget()
    const { platform } = this.options
    await platform.mutate(origin, async (tx) => {
      const now = (await findDeployment(tx.db, row.id))!
      const stopped = stoppable.has(now.phase) ? await changeDeployment(tx, now, {}, 'stopped') : now
      if (stopped.phase !== 'absent')
        await changeDeployment(tx, stopped, { runnerId: null, health: 'unknown' }, 'remove')
      await cancelOpenLaunch(tx, row, 'The deployment was deleted.')
    })
    this.places.delete(row.id)
  }

  private async bringDown(row: DeploymentRow, place: Place): Promise<void> {
    const sentence =
      row.desired === 'stopped' ? 'The deployment was stopped.' : `The workspace is ${row.workspaceState}.`
    this.options.onStop(row.id, { sentence, decisionId: null, notes: [] })
    await place.home.close(sentence)
    await this.change(row.id, async (tx, now) => {
      if (stoppable.has(now.phase)) now = await changeDeployment(tx, now, {}, 'stopped')
      await changeDeployment(tx, now, {
        ...quiet,
        hold: null,
        holdNotes: [],
        reason: row.desired === 'stopped' ? null : sentence,
        runnerId: null,
      })
      await cancelOpenLaunch(tx, row, sentence)
    })
    this.places.delete(row.id)
  }

  private async keepRunning(row: DeploymentRow, place: Place): Promise<void> {
    if (row.failures > 0 && row.startedAt && this.ranFor(row) > stableMs) {
      await this.change(row.id, (tx, now) => changeDeployment(tx, now, { failures: 0 }))
    }
    if (!this.worthDeciding(place)) return
    place.suspect = false
    const decision = await this.options.launcher.decide(row, 'running')
    place.decidedAt = performance.now()
    if (!decision.allowed) await this.hold(row, place, decision)
  }

  private ranFor(row: DeploymentRow): number {
    return this.options.platform.clock.now().getTime() - row.startedAt!.getTime()
  }

  /** Policy said no: what runs stops at once, and the deployment waits for a better decision. */
  private async hold(row: DeploymentRow, place: Place, decision: HeldBy): Promise<void> {
    this.options.onStop(row.id, decision)
    await this.change(row.id, async (tx, now) => {
      if (stoppable.has(now.phase)) now = await changeDeployment(tx, now, {}, 'stopped')
      await changeDeployment(tx, now, {
        ...quiet,
        hold: (decision.pendingStatus as DeploymentPatch['hold']) ?? 'pending-rule',
        holdNotes: decision.notes,
        decisionId: decision.decisionId,
        reason: decision.sentence,
      })
      await cancelOpenLaunch(tx, row, decision.sentence)
    })
    await place.home.close(decision.sentence)
  }

  private async launch(row: DeploymentRow, place: Place): Promise<void> {
    place.suspect = false
    if (place.home.live().length > 0) {
      this.options.onStop(row.id, {
        sentence: 'The deployment restarts.',
        decisionId: row.decisionId,
        notes: [],
      })
      await place.home.close('The deployment restarts.')
    }
    try {
      const held = await this.options.launcher.attempt(place.home, row)
      place.decidedAt = performance.now()
      if (held) return await this.hold(row, place, held)
      place.pingFailures = 0
      this.options.onServing(row.id)
    } catch (error) {
      await place.home.close('The launch failed.', 0)
      if (!(error instanceof LaunchFailure)) throw error
      await this.failed(row.id, place, error.message)
    }
  }

  /** Counts a failure; tries again after a pause, or gives up after too many in a row. */
  private async failed(id: string, place: Place, sentence: string): Promise<void> {
    const { platform } = this.options
    const row = await this.change(id, async (tx, now) => {
      const failures = now.failures + 1
      const over = failures >= maxFailures
      const nextAttemptAt = over ? null : new Date(platform.clock.now().getTime() + backoffMs(failures))
      const action: PhaseAction | undefined =
        over && (now.phase === 'launching' || now.phase === 'running')
          ? 'fail'
          : now.phase === 'running'
            ? 'exit'
            : undefined
      const reason = over
        ? `${sentence} It failed ${failures} times in a row, so it is not started again by itself.`
        : sentence
      return await changeDeployment(tx, now, { ...quiet, failures, nextAttemptAt, reason }, action)
    })
    if (row?.nextAttemptAt) this.later(id, place, backoffMs(row.failures))
  }

  private readonly homeEvents: HomeEvents = {
    started: (home, instance) => this.options.launcher.noteStarted(home, instance),
    ready: (instance) => this.options.launcher.noteReady(instance),
    inspect: (home, instance) => this.options.launcher.inspect(home, instance),
    gone: (home, instance, sentence, exit) => void this.gone(home, instance, sentence, exit),
  }

  /** A process ended by itself. The sentinel's end is the deployment's; another's is its sessions' alone. */
  private async gone(home: Home, instance: Instance, sentence: string, exit: ExitInfo | null): Promise<void> {
    const { launcher, platform } = this.options
    await launcher.noteGone(instance, sentence).catch(() => {})
    const place = this.places.get(home.id)
    if (instance.key !== 'sentinel' || !place || place.home !== home || home.plan === null || this.stopped)
      return
    if (place.busy) return // its launch is under way and hears of it
    const tail = exit?.stderrTail.slice(-5).join('\n')
    const what = `The server ended: ${sentence}.${tail ? `\n${tail}` : ''}`
    place.busy = (async () => {
      this.options.onStop(home.id, {
        sentence: `The server ended: ${sentence}.`,
        decisionId: null,
        notes: [],
      })
      await home.close(what, 0)
      const row = await findDeployment(platform.db, home.id)
      if (!row || row.phase !== 'running' || row.runnerId !== this.options.runnerId) return
      await this.change(home.id, (tx, now) => changeDeployment(tx, now, { restarts: now.restarts + 1 }))
      await this.failed(home.id, place, what)
    })()
      .catch((error: Error) => platform.logger.error({ err: error.message }, 'an exit could not be recorded'))
      .finally(() => {
        place.busy = null
        this.wake(home.id)
      })
  }

  private async pingAll(): Promise<void> {
    await Promise.all([...this.places].map(([id, place]) => this.ping(id, place).catch(() => {})))
  }

  /** Three pings without an answer and the process is replaced. */
  private async ping(id: string, place: Place): Promise<void> {
    const { sentinel } = place.home
    if (!sentinel || place.busy) return
    const answered = await sentinel.upstream.ping(pingTimeoutMs).then(
      () => true,
      () => false,
    )
    if (place.home.sentinel !== sentinel || this.stopped) return
    place.pingFailures = answered ? 0 : place.pingFailures + 1
    const health = answered ? 'healthy' : place.pingFailures < 3 ? 'degraded' : 'unreachable'
    await this.change(id, (tx, now) =>
      now.phase === 'running' ? changeDeployment(tx, now, { health }) : Promise.resolve(now),
    )
    if (health === 'unreachable') {
      const sentence = 'did not answer three pings in a row'
      if (sentinel.handle) await sentinel.handle.stop({ graceMs: 0 })
      else sentinel.upstream.close(sentence)
    }
  }

  /** A change of a deployment that is still this runner's, under its lock. */
  private async change<T>(id: string, work: (tx: Tx, row: DeploymentRow) => Promise<T>): Promise<T | null> {
    const { platform, runnerId } = this.options
    return await platform.mutate(origin, async (tx) => {
      await tx.db.selectFrom('deployments').select('id').where('id', '=', id).forUpdate().execute()
      const row = await findDeployment(tx.db, id)
      return row && row.runnerId === runnerId ? await work(tx, row) : null
    })
  }
}

/** What no longer runs has. */
const quiet: DeploymentPatch = {
  health: 'unknown',
  enforcement: null,
  runningGeneration: null,
  startedAt: null,
}

const stoppable = new Set(['launching', 'running', 'stopping', 'failed'])
