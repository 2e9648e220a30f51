/** The processes of one deployment on the runner that is its home. */
import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { newId } from '../platform/ids.ts'
import {
  rpcCodes,
  UpstreamError,
  type Isolation,
  type Opening,
  type Refusal,
  type Upstream,
} from '../relay/service.ts'
import type { HeldBy } from './held.ts'
import { ownParams, startInstance, stopInstance, type Instance } from './instance.ts'
import type { Timings } from './limits.ts'
import { logFolder, type LaunchPlan } from './plan.ts'
import type { Executor } from './process/executor.ts'
import type { ExitInfo } from './process/types.ts'
import { kindOf, type Seen } from './surfaces.ts'

/** What the reconciler does when something happens to a home's processes. */
export interface HomeEvents {
  started(home: Home, instance: Instance): Promise<void>
  ready(instance: Instance): Promise<void>
  /** It is gone; `unasked`: it ended by itself. */
  gone(
    home: Home,
    instance: Instance,
    end: { sentence: string; exit: ExitInfo | null; unasked: boolean },
  ): void
  /** Looks at an instance's surface; sets `held` when it is not what was admitted. Throws when it cannot be seen. */
  inspect(home: Home, instance: Instance): Promise<void>
}

export interface HomeOptions {
  dataDir: string
  executor: Executor
  timings: Timings
  events: HomeEvents
}

export const sentinelKey = 'sentinel'
/** Sessions with a server elsewhere: none of them costs a process here. */
const maxRemoteSessions = 2000

const unavailable = (message: string): Refusal => ({ code: -32000, message, httpStatus: 503 })

/** Clients that declare one of these are asked things back: such a session has a process of its own. */
const asksBack = ['sampling', 'elicitation', 'roots']

export class Home {
  readonly id: string
  /** What runs here; null while nothing should. */
  plan: LaunchPlan | null = null
  sentinel: Instance | null = null
  /** How the last process that ended by itself ended. */
  lastExit: ExitInfo | null = null
  /** The surface that every plain process of this launch shows. */
  known: Seen | null = null
  private readonly options: HomeOptions
  private readonly folder: string
  private readonly instances = new Map<string, Promise<Instance>>()
  private readonly byUpstream = new Map<Upstream, Instance>()
  /** Processes that were told to end: the next one of the same key, on the same files, waits for them. */
  private readonly ending = new Map<string, Promise<void>>()

  constructor(id: string, options: HomeOptions) {
    this.id = id
    this.options = options
    this.folder = path.join(options.dataDir, 'state', id)
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
    this.known = null
    this.lastExit = null
    const isolation: Isolation = plan.isolation === 'shared' ? 'shared' : 'principal'
    try {
      const sentinel = await this.instance(sentinelKey, isolation)
      if (this.plan !== plan || !this.byUpstream.has(sentinel.upstream)) {
        throw new UpstreamError(sentinel.upstream.gone?.sentence ?? 'It was stopped before it was up.')
      }
      this.sentinel = sentinel
      return sentinel
    } catch (error) {
      if (this.plan === plan) this.plan = null
      throw error
    }
  }

  /** The server for a session or single call of a principal. */
  async acquire(principal: string, opening: Opening): Promise<Upstream | Refusal> {
    const { plan } = this
    if (!plan || !this.serves)
      return unavailable('The deployment is not running right now; try again shortly.')
    const own = plan.remote !== null || plan.isolation === 'session' || declaresAny(opening)
    const isolation = own ? 'session' : plan.isolation
    const key = {
      session: `session:${opening.sessionId}`,
      shared: sentinelKey,
      principal: `principal:${principal}`,
    }[isolation]
    try {
      const instance = await this.instance(key, isolation, own ? kindOf(opening.params) : '')
      if (instance.held) return refusalOf(instance.held)
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
    if (instance.idle) clearTimeout(instance.idle)
    const wait = instance.key.startsWith('session:') ? 0 : this.options.timings.idleMs
    instance.idle = setTimeout(() => void this.end(instance, 'It was not used any more.'), wait)
  }

  /** A refusal or null at once when the surface is known; a promise while it has to be looked at first. */
  checkBeforeUse(upstream: Upstream): Promise<Refusal | null> | null {
    const instance = this.byUpstream.get(upstream)
    if (!instance) return null
    instance.usedAt = performance.now()
    if (instance.held) return Promise.resolve(refusalOf(instance.held))
    if (instance.checked && !instance.check) return null
    return (instance.check ?? this.look(instance)).then(
      () => (instance.held ? refusalOf(instance.held) : null),
      (error: Error) => unavailable(`The server's tools could not be checked: ${error.message}`),
    )
  }

  /** Stops everything that runs here. */
  async close(sentence: string, graceMs?: number): Promise<void> {
    this.plan = null
    this.sentinel = null
    const starting = [...this.instances.values()]
    await Promise.all(this.live().map((instance) => this.end(instance, sentence, { graceMs })))
    await Promise.allSettled(starting)
  }

  /** Ends an instance that does not answer, as if it had ended by itself. */
  async fail(instance: Instance, sentence: string): Promise<void> {
    if (!this.drop(instance)) return
    this.options.events.gone(this, instance, { sentence, exit: null, unasked: true })
    await stopInstance(instance, sentence, 0)
  }

  /** Removes the files its processes kept, and their log. */
  async forget(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
    await rm(logFolder(this.options.dataDir, this.id), { recursive: true, force: true })
  }

  private instance(key: string, isolation: Isolation, kind = ''): Promise<Instance> {
    const known = this.instances.get(key)
    if (known) return known
    const remote = this.plan?.remote
    const most = remote ? maxRemoteSessions : this.options.timings.maxProcesses
    if (this.instances.size >= most && !this.makeRoom()) {
      const what = remote ? 'sessions' : 'processes'
      return Promise.reject(new UpstreamError(`it has ${most} ${what}, which is the most it may have`))
    }
    const starting = this.begin(key, isolation, kind)
    this.instances.set(key, starting)
    starting.catch(() => {
      if (this.instances.get(key) === starting) this.instances.delete(key)
    })
    return starting
  }

  /** Ends the process of the session that was quiet for longest; its next request starts it again, on the same files. */
  private makeRoom(): boolean {
    const quiet = this.live().filter(
      ({ key, check, upstream }) =>
        key.startsWith('session:') &&
        !check &&
        upstream.initializeResult !== null &&
        upstream.calls.size === 0 &&
        ![...upstream.links].some(({ peer }) => peer.listening),
    )
    const [oldest] = quiet.toSorted((a, b) => a.usedAt - b.usedAt)
    if (!oldest) return false
    void this.end(oldest, 'Its place was needed.', { keepFiles: true })
    return true
  }

  private async begin(key: string, isolation: Isolation, kind: string): Promise<Instance> {
    const plan = this.plan!
    await this.ending.get(key)
    let instance: Instance | null = null
    let ended: { sentence: string; exit: ExitInfo | null } | null = null
    instance = await startInstance(this.options.executor, plan, {
      id: newId('instance'),
      key,
      isolation,
      kind,
      stateDir: this.stateDir(key),
      logDir: plan.logDir,
      initializeMs: this.options.timings.initializeMs,
      onListChanged: (list) => {
        if (!instance || list === 'resources') return
        instance.changedAt = performance.now()
        void this.look(instance).catch(() => {})
      },
      onGone: (sentence, exit) => {
        ended = { sentence, exit }
        if (instance) this.lost(instance, ended)
      },
    })
    this.byUpstream.set(instance.upstream, instance)
    try {
      await this.options.events.started(this, instance)
      if (ended) this.lost(instance, ended)
      if (this.plan !== plan) throw new UpstreamError('It was stopped before it was up.')
      // A session's own process is opened with the client's parameters, by the session; its surface is seen before its first use.
      if (isolation === 'session') return instance
      await instance.upstream.initialize(ownParams)
      await this.look(instance)
      return instance
    } catch (error) {
      await this.end(instance, 'It did not come up.', { graceMs: 0 })
      throw error
    }
  }

  /** Nothing passes on the instance until it has been seen; one look follows another. */
  private look(instance: Instance): Promise<void> {
    const before = instance.check ?? Promise.resolve()
    const check = before
      .catch(() => {})
      .then(async () => {
        instance.checked = false
        await this.options.events.inspect(this, instance)
        await this.options.events.ready(instance)
        instance.checked = true
      })
      .finally(() => {
        if (instance.check === check) instance.check = null
      })
    instance.check = check
    return check
  }

  private async end(
    instance: Instance,
    sentence: string,
    { graceMs, keepFiles = false }: { graceMs?: number | undefined; keepFiles?: boolean } = {},
  ): Promise<void> {
    this.drop(instance)
    const { key } = instance
    const ended = stopInstance(instance, sentence, graceMs)
    this.ending.set(key, ended)
    await ended
    if (this.ending.get(key) === ended) this.ending.delete(key)
    if (key.startsWith('session:') && !keepFiles)
      await rm(this.stateDir(key), { recursive: true, force: true })
  }

  /** Its process is gone: by itself, unless it was let go before. */
  private lost(instance: Instance, end: { sentence: string; exit: ExitInfo | null }): void {
    const unasked = this.drop(instance)
    if (unasked) this.lastExit = end.exit
    if (!instance.handle) instance.upstream.close(end.sentence)
    this.options.events.gone(this, instance, { ...end, unasked })
  }

  /** Lets go of an instance; false when that had happened before. Another one may have its place by then. */
  private drop(instance: Instance): boolean {
    if (instance.idle) clearTimeout(instance.idle)
    if (!this.byUpstream.delete(instance.upstream)) return false
    this.instances.delete(instance.key)
    if (this.sentinel === instance) this.sentinel = null
    return true
  }

  private stateDir(key: string): string {
    return path.join(this.folder, createHash('sha256').update(key).digest('hex').slice(0, 24))
  }
}

const refusalOf = ({ sentence, decisionId, notes, pendingStatus }: HeldBy): Refusal => ({
  code: rpcCodes.refused,
  message: sentence,
  data: { decisionId, notes, pendingStatus },
  httpStatus: 403,
})

function declaresAny(opening: Opening): boolean {
  return asksBack.some((capability) => opening.params.capabilities[capability] !== undefined)
}
