/** The runner's part of a process: executor, homes, reconciler, logs. */
import path from 'node:path'
import type { Platform } from '../platform/platform.ts'
import type { Policy } from '../policy/service.ts'
import type { Opening, Refusal, Upstream } from '../relay/service.ts'
import { newId } from '../platform/ids.ts'
import type { JobHandler } from '../platform/jobs.ts'
import { createLauncher } from './launcher.ts'
import { createLogs, type RuntimeLogs } from './logs.ts'
import { observeRelease, removeLostObservations } from './observe.ts'
import { createExecutor } from './process/executor.ts'
import type { StopReason } from './held.ts'
import { usualTimings, type Timings } from './limits.ts'
import { Reconciler } from './reconciler.ts'
import { announceRunner, type Runner } from './runners.ts'
import { detectCapabilities, type Capabilities } from './sandbox/capabilities.ts'
import { buryInstances, type DeploymentRow } from './store.ts'

/** What the gateway asks of the deployments whose home is this process. */
export interface Homes {
  isHere(row: DeploymentRow): boolean
  acquire(deploymentId: string, principal: string, opening: Opening): Promise<Upstream | Refusal>
  release(upstream: Upstream, sessionId: string): void
  /** Null: nothing stands against a request now; a promise while the server's surface has to be looked at first. */
  checkBeforeUse(deploymentId: string, upstream: Upstream): Promise<Refusal | null> | null
}

export interface RuntimeHooks {
  /** Where the internal socket answers. */
  address: string
  onStop(deploymentId: string, why: StopReason): void
  onServing(deploymentId: string): void
}

export interface RuntimeOptions {
  /** In place of the usual patience. */
  timings?: Partial<Timings>
  /** Finds out what this machine can enforce. */
  detect?(): Promise<Capabilities>
}

export interface Runtime {
  homes: Homes
  logs: RuntimeLogs
  jobs: JobHandler[]
  /** This process's name among the installation's. */
  runnerId: string
  start(hooks: RuntimeHooks): Promise<void>
  stop(): Promise<void>
}

const notHere: Refusal = {
  code: -32000,
  message: 'The deployment is not running here right now; try again shortly.',
  httpStatus: 503,
}

export async function createRuntime(options: {
  platform: Platform
  policy: Policy
  roles: ReadonlySet<string>
  special?: RuntimeOptions | undefined
}): Promise<Runtime> {
  const { platform, policy, roles, special = {} } = options
  const { dataDir } = platform.config
  const timings = { ...usualTimings, ...special.timings }
  const runnerId = newId('runner')
  const capabilities = await (special.detect ?? detectCapabilities)()
  const executor = createExecutor({
    stateRoot: path.join(dataDir, 'runner'),
    capabilities,
    log: platform.logger,
  })
  let runner: Runner | null = null
  let reconciler: Reconciler | null = null
  const closing = new AbortController()

  const observation: JobHandler<'catalog.observe'> = {
    name: 'catalog.observe',
    retryLimit: 0,
    run: (data) => observeRelease({ platform, executor, runnerId, timings, closing: closing.signal }, data),
  }

  const homes: Homes = {
    isHere: (row) => runner !== null && row.runnerId === runnerId,
    acquire: async (id, principal, opening) =>
      (await reconciler?.home(id)?.acquire(principal, opening)) ?? notHere,
    release: (upstream, sessionId) => reconciler?.release(upstream, sessionId),
    checkBeforeUse: (id, upstream) => reconciler?.home(id)?.checkBeforeUse(upstream) ?? null,
  }

  return {
    homes,
    logs: createLogs(executor, dataDir),
    jobs: [observation],
    runnerId,
    start: async (hooks) => {
      const runs = roles.has('runner')
      if (runs) await executor.reapLeftovers()
      runner = await announceRunner({
        id: runnerId,
        db: platform.db,
        logger: platform.logger,
        dataDir,
        roles: [...roles],
        address: hooks.address,
        capabilities: runs ? capabilities : null,
        onFenced: () => reconciler?.fence(),
      })
      if (!runs) return
      await buryInstances(platform.db)
      await removeLostObservations(platform)
      const launcher = createLauncher({ platform, policy, executor, runnerId, timings })
      reconciler = new Reconciler({ platform, runnerId, launcher, timings, ...hooks })
      reconciler.start()
    },
    stop: async () => {
      closing.abort()
      await reconciler?.stop()
      await executor.close()
      await runner?.stop()
    },
  }
}
