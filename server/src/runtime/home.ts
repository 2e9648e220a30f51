/** The processes of one deployment on the runner that is its home. */
import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { newId } from '../platform/ids.ts'
import { UpstreamError, type Isolation, type Opening, type Refusal, type Upstream } from '../relay/service.ts'
import { ownParams, startInstance, stopInstance, type Instance } from './instance.ts'
import type { LaunchPlan } from './plan.ts'
import type { Executor } from './process/executor.ts'
import type { ExitInfo } from './process/types.ts'

/** What the reconciler does when something happens to a home's processes. */
export interface HomeEvents {
  started(home: Home, instance: Instance): Promise<void>
  ready(instance: Instance): Promise<void>
  gone(home: Home, instance: Instance, sentence: string, exit: ExitInfo | null): void
  /** Looks at an instance's surface; sets `drifted` when it is not what was admitted. Throws when it cannot be seen. */
  inspect(home: Home, instance: Instance): Promise<void>
}

export const sentinelKey = 'sentinel'
const idleMs = 60_000
const maxInstances = 100

const unavailable = (message: string): Refusal => ({ code: -32000, message, httpStatus: 503 })

/** Clients that declare one of these are asked things back: such a session has a process of its own. */
const asksBack = ['sampling', 'elicitation', 'roots']

export class Home {
  readonly id: string
  readonly folder: string
  /** What runs here; null while nothing should. */
  plan: LaunchPlan | null = null
  sentinel: Instance | null = null
  /** How the last process that ended by itself ended. */
  lastExit: ExitInfo | null = null
  /** The hash of the surface that every plain process of this launch shows. */
  knownHash: string | null = null
  private readonly executor: Executor
  private readonly events: HomeEvents
  private readonly instances = new Map<string, Promise<Instance>>()
  private readonly byUpstream = new Map<Upstream, Instance>()

  constructor(id: string, dataDir: string, executor: Executor, events: HomeEvents) {
    this.id = id
    this.folder = path.join(dataDir, 'state', id)
    this.executor = executor
    this.events = events
  }

  /** Whether sessions may be opened here now. */
  get serves(): boolean {
    return this.plan !== null && this.sentinel !== null && !this.sentinel.upstream.gone
  }

  live(): Instance[] {
    return [...this.byUpstream.values()]
  }

  /** Starts the process that stands for the deployment: it is listed, pinged, and for `shared` it serves. */
  async open(plan: LaunchPlan): Promise<Instance> {
    this.plan = plan
    this.knownHash = null
    this.lastExit = null
    const isolation: Isolation = plan.isolation === 'shared' ? 'shared' : 'principal'
    try {
      const sentinel = await this.instance(sentinelKey, isolation)
      this.sentinel = sentinel
      return sentinel
    } catch (error) {
      this.plan = null
      throw error
    }
  }

  /** The server for a session or single call of a principal. */
  async acquire(principal: string, opening: Opening): Promise<Upstream | Refusal> {
    const { plan } = this
    if (!plan || !this.serves)
      return unavailable('The deployment is not running right now; try again shortly.')
    const own = plan.remote !== null || plan.isolation === 'session' || declaresAny(opening)
    const key =
      plan.isolation === 'shared' && !own
        ? sentinelKey
        : own
          ? `session:${opening.sessionId}`
          : `principal:${principal}`
    try {
      const isolation = own ? 'session' : plan.isolation === 'shared' ? 'shared' : 'principal'
      const instance = await this.instance(key, isolation)
      if (instance.drifted)
        return unavailable('The server shows another surface than the one that was admitted.')
      instance.users.add(opening.sessionId)
      if (instance.idle) clearTimeout(instance.idle)
      instance.idle = null
      return instance.upstream
    } catch (error) {
      return unavailable(`The server did not start: ${(error as Error).message}`)
    }
  }

  release(upstream: Upstream, sessionId: string): void {
    const instance = this.byUpstream.get(upstream)
    if (!instance) return
    instance.users.delete(sessionId)
    if (instance.users.size > 0 || instance.key === sentinelKey) return
    const wait = instance.key.startsWith('session:') ? 0 : idleMs
    instance.idle = setTimeout(() => void this.end(instance, 'It was not used any more.'), wait)
  }

  /** A refusal or null at once when the surface is known; a promise while it has to be looked at first. */
  checkBeforeUse(upstream: Upstream): Promise<Refusal | null> | null {
    const instance = this.byUpstream.get(upstream)
    if (!instance) return null
    if (instance.drifted) return Promise.resolve(driftRefusal)
    if (instance.checked && !instance.check) return null
    instance.check ??= this.inspect(instance)
    return instance.check.then(
      () => (instance.drifted ? driftRefusal : null),
      (error: Error) => unavailable(`The server's tools could not be checked: ${error.message}`),
    )
  }

  /** Stops everything that runs here. */
  async close(sentence: string, graceMs?: number): Promise<void> {
    this.plan = null
    this.sentinel = null
    const starting = [...this.instances.values()]
    await Promise.all(this.live().map((instance) => this.end(instance, sentence, graceMs)))
    await Promise.allSettled(starting)
  }

  /** Removes the files its processes kept. */
  async forget(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }

  private instance(key: string, isolation: Isolation): Promise<Instance> {
    const known = this.instances.get(key)
    if (known) return known
    if (this.instances.size >= maxInstances) {
      return Promise.reject(
        new UpstreamError(`it has ${maxInstances} processes, which is the most it may have`),
      )
    }
    const starting = this.begin(key, isolation)
    this.instances.set(key, starting)
    starting.catch(() => this.instances.delete(key))
    return starting
  }

  private async begin(key: string, isolation: Isolation): Promise<Instance> {
    const plan = this.plan!
    let instance: Instance | null = null
    const early: { sentence: string; exit: ExitInfo | null }[] = []
    instance = await startInstance(this.executor, plan, {
      id: newId('instance'),
      key,
      isolation,
      stateDir: this.stateDir(key),
      logDir: plan.logDir,
      onListChanged: (kind) => {
        if (instance && kind !== 'resources') this.lookAgain(instance)
      },
      onGone: (sentence, exit) => {
        if (instance) this.lost(instance, sentence, exit)
        else early.push({ sentence, exit })
      },
    })
    if (this.plan !== plan) {
      await stopInstance(instance, 'It was stopped before it was up.', 0)
      throw new UpstreamError('It was stopped before it was up.')
    }
    this.byUpstream.set(instance.upstream, instance)
    await this.events.started(this, instance)
    for (const { sentence, exit } of early) this.lost(instance, sentence, exit)
    // A session's own process is opened with the client's parameters, by the session; its surface is seen before its first use.
    if (isolation === 'session') return instance
    try {
      await instance.upstream.initialize(ownParams)
      await this.inspect(instance)
    } catch (error) {
      await this.end(instance, 'It did not come up.', 0)
      throw error
    }
    return instance
  }

  private async inspect(instance: Instance): Promise<void> {
    await this.events.inspect(this, instance)
    if (!instance.checked) await this.events.ready(instance)
    instance.checked = true
    instance.check = null
  }

  /** A list changed: nothing passes on this instance until it has been seen again. */
  private lookAgain(instance: Instance): void {
    const before = instance.check ?? Promise.resolve()
    instance.check = before.catch(() => {}).then(() => this.inspect(instance))
    instance.check.catch(() => {})
  }

  private async end(instance: Instance, sentence: string, graceMs?: number): Promise<void> {
    this.drop(instance)
    await stopInstance(instance, sentence, graceMs)
    if (instance.key.startsWith('session:'))
      await rm(this.stateDir(instance.key), { recursive: true, force: true })
  }

  private lost(instance: Instance, sentence: string, exit: ExitInfo | null): void {
    this.lastExit = exit
    this.drop(instance)
    if (!instance.handle) instance.upstream.close(sentence)
    this.events.gone(this, instance, sentence, exit)
  }

  private drop(instance: Instance): void {
    this.byUpstream.delete(instance.upstream)
    this.instances.delete(instance.key)
    if (instance.idle) clearTimeout(instance.idle)
    if (this.sentinel === instance) this.sentinel = null
  }

  private stateDir(key: string): string {
    return path.join(this.folder, createHash('sha256').update(key).digest('hex').slice(0, 24))
  }
}

const driftRefusal: Refusal = {
  code: -32001,
  message:
    'Held: the server shows other tools than those that were admitted (trust:drift). See the deployment in Berth.',
  httpStatus: 403,
}

function declaresAny(opening: Opening): boolean {
  return asksBack.some((capability) => opening.params.capabilities[capability] !== undefined)
}
