import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import type { FastifyInstance } from 'fastify'
import { platformOrganizationId } from '@berth/contracts'
import { auditRoutes } from './audit/service.ts'
import { billingGate, createBilling, createCallMeter, demandKeptSeat, demandRoom } from './billing/service.ts'
import { catalogRoutes } from './catalog/routes.ts'
import { cleanArtifactStore, enqueueObservation, seedCatalog, stopInstalling } from './catalog/service.ts'
import { departureRoutes } from './departure/routes.ts'
import { createForwarder } from './gateway/forward.ts'
import { createGateway } from './gateway/gateway.ts'
import { createInternalServer } from './gateway/internal.ts'
import { liveDeployments } from './gateway/live.ts'
import {
  createIdentity,
  createTries,
  revokeTokensOfMember,
  totpSealed,
  verifyEmail,
} from './identity/service.ts'
import { createNotifications, mailsSealed } from './notifications/service.ts'
import {
  createOrganizationResolver,
  invitationRoutes,
  isInvitedByMail,
  leaveAll,
  organizationGate,
  organizationRoutes,
  soleOwnerOf,
  startExpiring,
} from './organizations/service.ts'
import { installationRoutes } from './installation/routes.ts'
import { lifecycleRoutes } from './lifecycle/routes.ts'
import { createJournal, meteringRoutes, startCopier, type Copier } from './metering/service.ts'
import { onboardingRoutes } from './onboarding/routes.ts'
import type { Clock } from './platform/clock.ts'
import { ConfigError, type Config } from './platform/config.ts'
import type { AnyGate } from './platform/gate.ts'
import type { Route } from './platform/http/implement.ts'
import type { Authenticator } from './platform/http/principal.ts'
import { registerOpenApi } from './platform/http/openapi.ts'
import { registerPages } from './platform/http/pages.ts'
import { idempotencySealed } from './platform/http/idempotency.ts'
import { createRecognizer } from './platform/http/recognize.ts'
import { registerRoutes } from './platform/http/routes.ts'
import { createHttp } from './platform/http/server.ts'
import type { JobHandler, JobName } from './platform/jobs.ts'
import type { Logger } from './platform/logger.ts'
import type { Tx } from './platform/mutate.ts'
import { openPlatform, type Platform } from './platform/platform.ts'
import { allowedHosts, allowedOrigins } from './platform/public-address.ts'
import type { Repeated } from './platform/repeat.ts'
import type { SealedColumn } from './platform/secret-key.ts'
import { version } from './platform/version.ts'
import { policyRoutes } from './policy/routes.ts'
import { createPolicy } from './policy/service.ts'
import { runRoutes } from './runs/routes.ts'
import { createRun, startReaping } from './runs/service.ts'
import { capabilityGate } from './runtime/gate.ts'
import { createRuntime, runtimeRoutes, type RuntimeOptions } from './runtime/service.ts'
import { secretsRoutes } from './secrets/routes.ts'
import { secretsSealed } from './secrets/service.ts'
import { trustGate } from './trust/service.ts'
import { tiersRoutes, workspacesRoutes } from './workspaces/routes.ts'

export type Role = 'api' | 'gateway' | 'runner' | 'worker'
export const allRoles: readonly Role[] = ['api', 'gateway', 'runner', 'worker']

/** Everything that has a say in launches, in the order in which it is heard. */
export const gates: readonly AnyGate[] = [organizationGate, trustGate, billingGate, capabilityGate]

/** Every job queue of the installation; all processes know all of them. */
export const jobNames: readonly JobName[] = ['notifications.deliver', 'catalog.observe']

/** Everything that the installation's secret key seals: what a change of the key seals anew. */
export const sealedColumns: readonly SealedColumn[] = [
  idempotencySealed,
  mailsSealed,
  totpSealed,
  ...secretsSealed,
]

export interface BerthOptions {
  config: Config
  databaseUrl: string
  directUrl: string
  roles?: readonly Role[]
  clock?: Clock
  logger?: Logger
  /** In place of the setting; 0: no limit. */
  requestsPerMinute?: number | undefined
  /** Install and observe the bundled servers by and by, so that the catalog shows their tools. */
  observeBundled?: boolean
  /** Other patience, or another machine, than the usual for the runtime. */
  runtime?: RuntimeOptions
}

export interface Berth {
  /** Where it listens. */
  url: string
  platform: Platform
  close(): Promise<void>
}

/** What a domain contributes to a process. */
export interface Part {
  routes?: Route[]
  jobs?: JobHandler[]
  /** Adds routes of its own to Fastify (sign-in). */
  register?(app: FastifyInstance): void
  /** Takes requests before Fastify sees them (the gateway's hot path); false: not mine. */
  intercept?(request: IncomingMessage, response: ServerResponse): boolean
  start?(): Promise<void>
  stop?(): Promise<void>
}

/** Starts one process of Berth with the given roles. */
export async function startBerth(options: BerthOptions): Promise<Berth> {
  const { config } = options
  const roles = new Set(options.roles ?? allRoles)
  const platform = await openPlatform({ ...options, jobNames, sealedColumns })
  let publicUrl = config.publicUrl ?? ''
  const requestsPerMinute = options.requestsPerMinute ?? config.requestsPerMinute
  const { authenticator, parts } = await compose(platform, roles, () => publicUrl, {
    rateLimited: requestsPerMinute > 0,
    observeBundled: options.observeBundled ?? false,
    runtime: options.runtime,
  })

  const recognize = createRecognizer(authenticator)
  const http = await createHttp({
    logger: platform.logger,
    metrics: platform.metrics,
    trustProxy: config.trustProxy,
    hosts: () => allowedHosts(config, publicUrl),
    requestsPerMinute,
    recognize,
    intercept: (request, response) => parts.some((part) => part.intercept?.(request, response)),
  })
  await registerOpenApi(http, { version })
  for (const part of parts) part.register?.(http)
  if (roles.has('api')) {
    registerRoutes(
      http,
      parts.flatMap((part) => part.routes ?? []),
      {
        authenticator,
        recognize,
        mutateContext: platform.mutateContext,
        db: platform.db,
        feed: platform.feed,
        sealingKey: platform.keys.derive('idempotency'),
        origins: () => allowedOrigins(publicUrl),
      },
    )
  }
  registerPages(http, platform)

  await listen(http, config).catch(async (error: Error) => {
    await http.close()
    await platform.close()
    throw error
  })
  const { port } = http.server.address() as AddressInfo
  const host = config.host.includes(':') ? `[${config.host}]` : config.host
  publicUrl ||= `http://${host === '0.0.0.0' || host === '[::]' ? '127.0.0.1' : host}:${port}`

  for (const part of parts) await part.start?.()
  if (roles.has('worker')) await platform.jobs.work(parts.flatMap((part) => part.jobs ?? []))

  let closing: Promise<void> | null = null
  async function close(): Promise<void> {
    for (const part of parts.toReversed()) await part.stop?.()
    await http.close()
    await platform.close()
  }

  return {
    url: publicUrl,
    platform,
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

/** Throws a sentence for what a person can mend: a port that is taken, an address that is not this machine's. */
async function listen(http: FastifyInstance, { host, port }: Config): Promise<void> {
  try {
    await http.listen({ host, port })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const sentences: Record<string, string> = {
      EADDRINUSE: `Port ${port} of ${host} is taken by another program. Stop that, or choose another with BERTH_PORT.`,
      EADDRNOTAVAIL: `${host} is not an address of this machine. Choose another with BERTH_HOST.`,
      EACCES: `Port ${port} may not be used without more rights. Choose one above 1023 with BERTH_PORT.`,
    }
    throw new ConfigError(sentences[code ?? ''] ?? (error as Error).message, { cause: error })
  }
}

interface ComposeOptions {
  rateLimited: boolean
  observeBundled: boolean
  runtime: RuntimeOptions | undefined
}

/** Builds the domains from the bottom up and says what each contributes. */
async function compose(
  platform: Platform,
  roles: ReadonlySet<Role>,
  publicUrl: () => string,
  { rateLimited, observeBundled, runtime: special }: ComposeOptions,
): Promise<{ authenticator: Authenticator; parts: Part[] }> {
  const { db, feed, logger, config } = platform
  const origins = () => allowedOrigins(publicUrl())
  const notifications = createNotifications(platform)
  const memberships = { soleOwnerOf, leaveAll }
  const isInvited = (token: string, email: string) => isInvitedByMail(db, token, email, platform.clock.now())
  const identity = createIdentity(platform, {
    publicUrl,
    origins,
    rateLimited,
    notifications,
    memberships,
    isInvited,
  })
  const resolveOrganization = createOrganizationResolver(db)
  const billing = createBilling(platform, { notifications, renews: roles.has('worker'), publicUrl })
  const policy = createPolicy(gates)
  const runtime = await createRuntime({ platform, policy, roles, special })
  const journal = createJournal({
    dir: path.join(config.dataDir, 'calls'),
    runnerId: runtime.runnerId,
    logger,
    registry: platform.metrics.registry,
  })
  let copier: Copier | null = null
  let expiring: Repeated | null = null
  const demandSeat = (tx: Tx, organizationId: string) => demandRoom(tx, organizationId, 'seats')
  const forward = createForwarder(platform)
  const gateway = createGateway({
    platform,
    authenticate: identity.authenticateBearer,
    homes: runtime.homes,
    policy,
    journal,
    meter: createCallMeter(platform, runtime.runnerId),
    forward,
    hosts: () => allowedHosts(config, publicUrl()),
    origins,
  })
  const live = liveDeployments(gateway, runtime.homes, runtime.logs, forward)
  const internal = createInternalServer(platform, gateway, runtime.logs)
  const openEvaluation = async (tx: Tx, releaseId: string) => {
    const run = await createRun(tx, {
      organizationId: platformOrganizationId,
      kind: 'evaluation',
      releaseId,
      retryLimit: 5,
    })
    return run.id
  }
  const reaping = roles.has('worker')
    ? startReaping(platform, {
        evaluation: (tx, run) => enqueueObservation(tx, { releaseId: run.releaseId!, runId: run.id }),
      })
    : null

  return {
    authenticator: { authenticate: identity.authenticate, resolveOrganization },
    parts: [
      notifications,
      identity,
      {
        routes: organizationRoutes({
          feed,
          onLeave: revokeTokensOfMember,
          demandSeat,
        }),
      },
      {
        routes: invitationRoutes(platform.clock, {
          notifications,
          publicUrl,
          demandSeat,
          demandKeptSeat,
          demandPace: createTries(platform, rateLimited).demand,
          verifyEmail,
        }),
        start: async () => {
          if (roles.has('worker')) expiring = startExpiring(platform)
        },
        stop: async () => expiring?.stop(),
      },
      { routes: auditRoutes({ db, feed, logger, resolveOrganization }) },
      billing,
      {
        routes: catalogRoutes({ config, openEvaluation }),
        start: async () => {
          await cleanArtifactStore(platform)
          await seedCatalog(platform, observeBundled ? openEvaluation : undefined)
        },
      },
      { routes: [...workspacesRoutes(), ...tiersRoutes(), ...secretsRoutes(platform)] },
      { routes: runRoutes(), stop: async () => reaping?.stop() },
      { routes: [...policyRoutes(policy), ...meteringRoutes()] },
      {
        routes: runtimeRoutes(publicUrl, live, platform.clock),
        jobs: runtime.jobs,
        start: async () => {
          copier = await startCopier(platform, { journal, dir: journal.dir })
          const address = await internal.start()
          await runtime.start({ address, onStop: gateway.stopServing, onServing: gateway.serving })
        },
        stop: async () => {
          await gateway.close()
          await copier?.catchUp()
          await copier?.stop()
          journal.close()
          await Promise.all([runtime.stop(), stopInstalling(platform)])
          await internal.stop()
        },
      },
      { routes: [...departureRoutes(platform), ...onboardingRoutes()] },
      { intercept: roles.has('gateway') ? gateway.intercept : () => false },
      { routes: [...installationRoutes(platform, publicUrl), ...lifecycleRoutes(platform, publicUrl)] },
    ],
  }
}
