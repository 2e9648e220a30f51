/** Brings each deployment whose home is here to what is asked for and allowed, again and again. */
import type { LogEvent } from '@berth/contracts'
import type { Platform } from '../platform/platform.ts'
import type { Upstream } from '../relay/service.ts'
import { pingHome, type Health } from './health.ts'
import type { HeldBy, StopReason } from './held.ts'
import { Home, sentinelKey, type HomeEvents } from './home.ts'
import { LaunchFailure, shownLines, Superseded, type Launcher } from './launcher.ts'
import { maxFailures, type Timings } from './limits.ts'
import { createOutcomes, type Outcomes } from './outcomes.ts'
import { buryInstances, claimHomes, findDeployment, homesOf, isWanted, type DeploymentRow } from './store.ts'
import { wakeOf } from './wakes.ts'

const claimBatch = 20
const retryMs = 2000

/** A deployment at home here. */
interface Place {
  home: Home
  /** The reconciliation under way and whether another one is wanted after it. */
  busy: Promise<void> | null
  again: boolean
  timer: NodeJS.Timeout | null
  decidedAt: number
  /** Something happened that may change the decision. */
  suspect: boolean
  /** How the process that stands for it ended by itself, until that is dealt with. */
  exited: string | null
  launching: { row: DeploymentRow; abort: AbortController } | null
  /** As it was last told. */
  health: Health
}

export interface ReconcilerOptions {
  platform: Platform
  runnerId: string
  launcher: Launcher
  timings: Timings
  /** Called when a deployment stops serving here, before its processes end. */
  onStop(deploymentId: string, why: StopReason): void
  /** Called when it serves again. */
  onServing(deploymentId: string): void
}

export class Reconciler {
  private readonly options: ReconcilerOptions
  private readonly outcomes: Outcomes
  private readonly places = new Map<string, Place>()
  private readonly timers: NodeJS.Timeout[] = []
  /** What is being noted of processes that ended. */
  private readonly noting = new Set<Promise<void>>()
  private unsubscribe: () => void = () => {}
  private stopped = false
  /** Set while the lease is lost; resolves when nothing runs here any more. */
  private fenced: Promise<unknown> | null = null

  constructor(options: ReconcilerOptions) {
    this.options = options
    this.outcomes = createOutcomes(options.platform, options.runnerId, options.timings)
  }

  start(): void {
    const { platform, timings } = this.options
    this.unsubscribe = platform.feed.subscribe((events) => this.hear(events))
    this.timers.push(setInterval(() => void this.resync(), timings.resyncMs))
    this.timers.push(setInterval(() => this.pingAll(), timings.pingMs))
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
        place.launching?.abort.abort(new Superseded('Berth is stopping.'))
        await place.home.close('Berth is stopping.')
        await place.busy
      }),
    )
    await Promise.all(this.noting)
    await this.options.platform.db
      .updateTable('deployments')
      .set({ runnerId: null })
      .where('runnerId', '=', this.options.runnerId)
      .execute()
  }

  /** The lease is lost: everything ends now, and nothing starts until it is held again. */
  fence(): void {
    const places = [...this.places.values()]
    this.places.clear()
    this.fenced = Promise.allSettled(
      places.map((place) => {
        place.launching?.abort.abort(new Superseded('This runner lost its lease.'))
        return place.home.close('This runner lost its lease.', 0)
      }),
    )
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
      const { ids, orphans } = await claimHomes(platform.db, runnerId, claimBatch)
      await this.fenced
      if (orphans) await this.takeOver()
      const mine = await homesOf(platform.db, runnerId)
      this.fenced = null
      for (const id of mine) {
        this.place(id).suspect ||= suspect
        this.wake(id)
      }
      for (const id of this.places.keys()) if (!mine.includes(id)) this.wake(id)
      if (ids.length === claimBatch) await this.resync(suspect)
    } catch (error) {
      if (!this.stopped)
        platform.logger.warn({ err: (error as Error).message }, 'the reconciler could not look')
    }
  }

  /** A runner is gone: what it left running on this machine ends before anything is started in its place. */
  private async takeOver(): Promise<void> {
    const { platform, launcher } = this.options
    await launcher.executor.reapLeftovers()
    await buryInstances(platform.db)
  }

  private place(id: string): Place {
    let place = this.places.get(id)
    if (!place) {
      const { platform, launcher, timings } = this.options
      const { dataDir } = platform.config
      place = {
        home: new Home(id, { dataDir, executor: launcher.executor, timings, events: this.homeEvents }),
        busy: null,
        again: false,
        timer: null,
        decidedAt: Number.NEGATIVE_INFINITY,
        suspect: false,
        exited: null,
        launching: null,
        health: 'healthy',
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
    if (place.launching) void this.reviewLaunch(id, place).catch(() => {})
    place.busy ??= this.work(id, place).finally(() => (place.busy = null))
  }

  /** A launch takes long: what it is for may be gone before it ends. */
  private async reviewLaunch(id: string, place: Place): Promise<void> {
    const now = await findDeployment(this.options.platform.db, id)
    const { launching } = place
    if (!launching) return
    if (now && isWanted(now) && this.isMine(now) && now.generation === launching.row.generation) return
    const superseded = new Superseded()
    launching.abort.abort(superseded)
    await place.home.close(superseded.message, 0)
  }

  private isMine(row: DeploymentRow): boolean {
    return row.runnerId === this.options.runnerId
  }

  private async work(id: string, place: Place): Promise<void> {
    while (place.again && this.places.get(id) === place && !this.stopped && !this.fenced) {
      place.again = false
      try {
        await this.reconcile(id, place)
      } catch (error) {
        const { message } = error as Error
        this.options.platform.logger.error({ deployment: id, err: message }, 'a reconciliation failed')
        return this.later(id, place, retryMs)
      }
    }
  }

  private later(id: string, place: Place, ms: number): void {
    if (place.timer) clearTimeout(place.timer)
    if (!this.stopped) place.timer = setTimeout(() => this.wake(id), ms)
  }

  private async reconcile(id: string, place: Place): Promise<void> {
    const row = await findDeployment(this.options.platform.db, id)
    if (!row || !this.isMine(row)) return await this.leave(id, place)
    if (row.deletedAt) return await this.clear(row, place)
    if (!isWanted(row)) return await this.bringDown(row, place)
    if (row.phase === 'running' && row.runningGeneration === row.generation) {
      if (place.exited !== null) return await this.afterExit(row, place, place.exited)
      if (place.home.serves) return await this.keepRunning(row, place)
    }
    if (row.phase === 'failed' && row.failures >= maxFailures) return
    if (row.hold) return await this.recheck(row, place)
    const { clock } = this.options.platform
    const wait = row.nextAttemptAt ? row.nextAttemptAt.getTime() - clock.now().getTime() : 0
    if (wait > 0) return this.later(id, place, wait)
    await this.launch(row, place)
  }

  private worthDeciding(place: Place): boolean {
    return place.suspect || performance.now() - place.decidedAt > this.options.timings.postureMs
  }

  /** Stops serving, tells those who are connected, and ends the processes. */
  private async shut(id: string, place: Place, why: StopReason, graceMs?: number): Promise<void> {
    this.options.onStop(id, why)
    await place.home.close(why.sentence, graceMs)
    place.exited = null
  }

  /** Somebody else's now, or gone. */
  private async leave(id: string, place: Place): Promise<void> {
    this.places.delete(id)
    await this.shut(id, place, plainly('The deployment moved to another runner.'))
  }

  private async clear(row: DeploymentRow, place: Place): Promise<void> {
    const sentence = 'The deployment was deleted.'
    await this.shut(row.id, place, plainly(sentence))
    await place.home.forget()
    await this.outcomes.removed(row.id, sentence)
    this.places.delete(row.id)
  }

  private async bringDown(row: DeploymentRow, place: Place): Promise<void> {
    const sentence =
      row.desired === 'stopped' ? 'The deployment was stopped.' : `The workspace is ${row.workspaceState}.`
    await this.shut(row.id, place, plainly(sentence))
    if (!(await this.outcomes.down(row.id, sentence))) return void (place.again = true)
    this.places.delete(row.id)
    // Whatever was asked for since found nobody at home here.
    if (place.again) void this.resync()
  }

  private async keepRunning(row: DeploymentRow, place: Place): Promise<void> {
    const { platform, timings, launcher } = this.options
    const ranMs = row.startedAt ? platform.clock.now().getTime() - row.startedAt.getTime() : 0
    if (row.failures > 0 && ranMs > timings.stableMs) await this.outcomes.stable(row.id)
    if (!this.worthDeciding(place)) return
    place.suspect = false
    // One process that drifted holds all, also when another one was seen to be as it should be since.
    const drifted = place.home.live().find(({ held }) => held !== null)
    const held = drifted?.held ?? (await launcher.decide(row, 'running')).held
    place.decidedAt = performance.now()
    if (held) await this.hold(row, place, held)
  }

  /** Held: launched again as soon as nothing speaks against it any more. */
  private async recheck(row: DeploymentRow, place: Place): Promise<void> {
    if (!this.worthDeciding(place)) return
    place.suspect = false
    const held = await this.options.launcher.recheck(row)
    place.decidedAt = performance.now()
    if (held) await this.hold(row, place, held)
    else await this.launch(row, place)
  }

  /** Policy said no: what runs stops at once. */
  private async hold(row: DeploymentRow, place: Place, by: HeldBy): Promise<void> {
    this.options.onStop(row.id, by)
    await this.outcomes.held(row.id, by)
    await this.shut(row.id, place, by)
  }

  private async launch(row: DeploymentRow, place: Place): Promise<void> {
    const { launcher, onServing } = this.options
    place.suspect = false
    if (place.home.live().length > 0) await this.shut(row.id, place, plainly('The deployment restarts.'))
    place.exited = null
    const abort = new AbortController()
    place.launching = { row, abort }
    try {
      const held = await launcher.attempt(place.home, row, abort.signal)
      place.decidedAt = performance.now()
      if (held) await this.hold(row, place, held)
      else {
        place.health = 'healthy'
        onServing(row.id)
      }
    } catch (error) {
      await place.home.close('The launch failed.', 0)
      place.exited = null
      if (error instanceof Superseded) place.again = true
      else if (error instanceof LaunchFailure && !this.stopped)
        this.tryLater(row.id, place, await this.outcomes.failed(row.id, error.message, false))
      else throw error
    } finally {
      place.launching = null
    }
  }

  private tryLater(id: string, place: Place, pause: number | null): void {
    if (pause !== null) this.later(id, place, pause)
  }

  /** The process that stands for the deployment ended by itself: all of it ends, and starts again after a pause. */
  private async afterExit(row: DeploymentRow, place: Place, exited: string): Promise<void> {
    await this.shut(row.id, place, plainly(exited.split('\n', 1)[0]!), 0)
    this.tryLater(row.id, place, await this.outcomes.failed(row.id, exited, true))
  }

  private readonly homeEvents: HomeEvents = {
    started: (home, instance) => this.options.launcher.noteStarted(home, instance),
    ready: (instance) => this.options.launcher.noteReady(instance),
    inspect: async (home, instance) => {
      await this.options.launcher.inspect(home, instance)
      if (instance.held) this.suspect(home.id, false)
    },
    gone: (home, instance, { sentence, exit, unasked }) => {
      this.note(this.options.launcher.noteGone(instance, sentence))
      const place = this.places.get(home.id)
      if (!unasked || instance.key !== sentinelKey || place?.home !== home || home.plan === null) return
      place.exited = [sentence, ...(exit?.stderrTail.slice(-shownLines) ?? [])].join('\n')
      this.wake(home.id)
    },
  }

  private note(work: Promise<void>): void {
    const noted = work
      .catch((error: Error) => {
        this.options.platform.logger.warn({ err: error.message }, 'the end of a process could not be noted')
      })
      .finally(() => this.noting.delete(noted))
    this.noting.add(noted)
  }

  private pingAll(): void {
    for (const [id, place] of this.places) {
      if (place.busy) continue
      pingHome(place.home, this.options.timings, async (health) => {
        if (health !== place.health) await this.outcomes.health(id, health)
        place.health = health
      }).catch(() => {})
    }
  }
}

const plainly = (sentence: string): StopReason => ({ sentence, decisionId: null, notes: [] })
