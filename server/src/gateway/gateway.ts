/** MCP traffic: recognises the caller, finds the deployment, admits, and relays here or at the deployment's home. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { billedOutcomes, type LogEvent } from '@berth/contracts'
import type { CallMeter } from '../billing/service.ts'
import type { Journal, JournalRecord } from '../metering/service.ts'
import type { Principal } from '../platform/http/principal.ts'
import { may } from '../platform/http/principal.ts'
import { newId } from '../platform/ids.ts'
import type { Platform } from '../platform/platform.ts'
import type { Policy } from '../policy/service.ts'
import {
  McpEndpoint,
  type CallRecord,
  type OnceAnswer,
  type Refusal,
  type RelayHooks,
  type SessionView,
} from '../relay/service.ts'
import type { DeploymentRow, Homes, StopReason } from '../runtime/service.ts'
import { createAdmission } from './admission.ts'
import type { CallerContext, OnceCall } from './context.ts'
import { createDirectory } from './directory.ts'
import { createEndings } from './endings.ts'
import type { Forwarder } from './forward.ts'
import { sendRpcError } from './http.ts'
import {
  badToken,
  foreign,
  haltedRefusal,
  homeGone,
  homeless,
  noScope,
  notAllowed,
  noToken,
  nothingHere,
  refusedCode,
  stale,
  unavailable,
} from './refusals.ts'
import { findSession, removeSession, saveSession, touchSessions } from './sessions.ts'

export interface GatewayOptions {
  platform: Platform
  /** Recognises a bearer token, from memory where it can. */
  authenticate(token: string): Promise<Principal | null>
  homes: Homes
  journal: Journal
  policy: Policy
  /** Counts calls against the organization's quota. */
  meter: CallMeter
  forward: Forwarder
  hosts: () => ReadonlySet<string> | null
  origins: () => ReadonlySet<string>
}

const touchMs = 60_000
const billed = new Set<CallRecord['outcome']>(billedOutcomes)

export type Gateway = ReturnType<typeof createGateway>

export function createGateway(options: GatewayOptions) {
  const { platform, homes, forward, meter } = options
  const { db, feed, logger } = platform
  const directory = createDirectory(platform)
  const admission = createAdmission(platform, directory, homes)

  let complainedAt = -Infinity
  /** Sessions that are over, while their rows are still there. */
  const removing = new Set<string>()
  const hooks: RelayHooks<CallerContext> = {
    admit: (context, session) => {
      if (session) endings.used(session, context)
      return admission.admit(context.scope)
    },
    beforeRequest: (context, session, method) => {
      const held = heldUntil(context, session, method)
      held?.catch((error: Error) => complain(error, context.scope))
      return held
    },
    acquire: (context, opening) =>
      homes.acquire(context.scope, `${context.principalKind}:${context.principalId}`, opening),
    release: (upstream, sessionId) => homes.release(upstream, sessionId),
    record: note,
    recordSoon: (context, record, done) =>
      options.journal.appendSoon(journalRecord(context, record), (noted) => {
        count(context, record, noted)
        done(noted)
      }),
    persistSession: (context, session) => saveSession(db, context, session),
    lookupSession: async (_context, id) => (removing.has(id) ? null : await findSession(db, id)),
    sessionClosed: ({ id }, reason) => {
      if (reason === 'shutdown') return
      removing.add(id)
      removeSession(db, id)
        .catch((error: Error) =>
          logger.warn({ session: id, err: error.message }, 'a session row could not be removed'),
        )
        .finally(() => removing.delete(id))
    },
  }
  const endpoint = new McpEndpoint<CallerContext>(hooks)
  const endings = createEndings(endpoint)
  const unsubscribe = feed.subscribe((events) => events.forEach(hear))
  const toucher = setInterval(() => {
    void touchSessions(
      db,
      endpoint.sessions().map((session) => session.id),
    ).catch(() => {})
  }, touchMs)

  /** The slower checks of a request: null at once when there is none to make. */
  function heldUntil(
    context: CallerContext,
    session: SessionView | null,
    method: string,
  ): Promise<Refusal | null> | null {
    const seen = session?.upstream ? homes.checkBeforeUse(context.scope, session.upstream) : null
    const strict = directory.known(context.scope)?.checkEveryCall ?? true
    const checked = strict ? strictCheck(context, seen) : seen
    // Last of all: what is drawn is for a call that passes.
    if (method !== 'tools/call') return checked
    if (checked === null) return meter.draw(context.organizationId)
    return checked.then((refusal) => refusal ?? meter.draw(context.organizationId))
  }

  /** The caller is told only that a call could not be checked; why stands in the log, once a second at most. */
  function complain(error: Error, deploymentId: string): void {
    if (performance.now() - complainedAt < 1000) return
    complainedAt = performance.now()
    logger.error({ err: error, deploymentId }, 'a call could not be checked and was refused')
  }

  function hear(event: LogEvent): void {
    endings.hear(event)
    if (event.type !== 'deployment.stopped' && event.type !== 'deployment.deleted') return
    const sentence =
      event.type === 'deployment.deleted' ? 'The deployment was deleted.' : 'The deployment was stopped.'
    stopServing(event.payload['deploymentId'] as string, { sentence, decisionId: null, notes: [] })
  }

  /** Nothing of a deployment passes here any more; who is connected hears why. */
  function stopServing(deploymentId: string, why: StopReason): void {
    admission.stopped(deploymentId, why)
    endings.ofDeployment(deploymentId, why)
  }

  /** Leaves the record of a call. Throws when it cannot be kept: then the call must not be answered. */
  function note(context: CallerContext, record: CallRecord): void {
    let noted = false
    try {
      options.journal.append(journalRecord(context, record))
      noted = true
    } finally {
      count(context, record, noted)
    }
  }

  /** Tells the meter of a tool call's end, after its record is kept: that is what is counted. */
  function count(context: CallerContext, { method, passed, outcome }: CallRecord, noted: boolean): void {
    if (passed && method === 'tools/call') meter.ended(context.organizationId, noted && billed.has(outcome))
  }

  function journalRecord(context: CallerContext, record: CallRecord): JournalRecord {
    const given = context.record
    if (given) delete context.record
    context.callId = given?.id ?? newId('call')
    return {
      id: context.callId,
      organizationId: context.organizationId,
      workspaceId: context.workspaceId,
      deploymentId: context.scope,
      principalKind: context.principalKind,
      principalId: context.principalId,
      tokenId: context.tokenId,
      sessionId: record.sessionId === '' ? null : record.sessionId,
      method: record.method,
      tool: record.tool,
      decisionId: directory.known(context.scope)?.decisionId ?? null,
      outcome: record.outcome,
      errorCode: record.errorCode,
      requestBytes: record.requestBytes,
      responseBytes: record.responseBytes,
      latencyUs: record.latencyUs,
      at: given?.at ?? record.startedAt,
    }
  }

  /** For tiers that demand it: asks the database. A database that does not answer is a no. */
  async function strictCheck(
    context: CallerContext,
    seen: Promise<Refusal | null> | null,
  ): Promise<Refusal | null> {
    const refusal = await seen
    if (refusal) return refusal
    const question = {
      organizationId: context.organizationId,
      deploymentId: context.scope,
      credentialId: context.tokenId,
    }
    const unseen = Promise.withResolvers<Refusal>()
    const done = admission.whileFresh(() => unseen.resolve(stale))
    const asked = options.policy.checkCall(db, question, platform.clock.now()).then((check) => {
      const data = { decisionId: check.decisionId, notes: check.notes }
      return check.allowed ? null : { code: refusedCode, message: check.sentence, data }
    })
    return await Promise.race([asked, unseen.promise]).finally(done)
  }

  function allowed(request: IncomingMessage): boolean {
    const hosts = options.hosts()
    if (hosts && !hosts.has((request.headers.host ?? '').toLowerCase())) return false
    const { origin } = request.headers
    return origin === undefined || options.origins().has(origin)
  }

  /** Takes a request to `/mcp/…`; false: another part's. */
  function intercept(request: IncomingMessage, response: ServerResponse): boolean {
    const url = request.url ?? ''
    if (!url.startsWith('/mcp/') && !/^\/mcp(?:\?|$)/.test(url)) return false
    // Whatever is looked up for it in the database: a caller does not wait longer than the log's lease.
    const done = admission.whileFresh(() => answer(response, stale))
    serve(request, response, url)
      .catch((error: Error) => {
        logger.error({ err: error }, 'a gateway request failed')
        answer(response, unavailable)
      })
      .finally(done)
    return true
  }

  async function serve(request: IncomingMessage, response: ServerResponse, url: string): Promise<void> {
    if (!allowed(request)) return answer(response, foreign)
    const token = /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1]
    if (!token) return unauthorized(response, 'Bearer', noToken)
    if (!feed.isFresh()) return answer(response, stale)
    const principal = await options.authenticate(token)
    if (!principal) return unauthorized(response, 'Bearer error="invalid_token"', badToken)
    const found = await locate(url, principal)
    if (response.writableEnded) return
    if (!found) return answer(response, nothingHere)
    const { context, refusal } = found
    if (refusal) {
      if (refusal === noScope || refusal === notAllowed)
        response.setHeader('www-authenticate', 'Bearer error="insufficient_scope", scope="tools:call"')
      return endpoint.refuse(request, response, context, refusal)
    }
    const row = admission.admit(found.row.id) ? await upToDate(found.row) : found.row
    if (response.writableEnded) return
    if (homes.isHere(row)) return endpoint.handle(request, response, context)
    // What is refused anyway, or has no home, is answered here: it leaves its record too.
    const address = admission.admit(row.id) ? null : await forward.addressOf(row)
    if (address) forward.request(request, response, { context, row, address, endpoint })
    else endpoint.refuse(request, response, context, admission.admit(row.id) ?? homeless)
  }

  /** Before a no by what is known in memory, what was committed meanwhile is heard. */
  async function upToDate(row: DeploymentRow): Promise<DeploymentRow> {
    if (!admission.admit(row.id) || !feed.isFresh()) return row
    return (await directory.refresh(row.id)) ?? row
  }

  interface Located {
    context: CallerContext
    row: DeploymentRow
    /** Against the caller, who may know that it is there. */
    refusal: Refusal | null
  }

  /** The deployment of a URL and what the caller may do there; null: nothing the caller may see. */
  async function locate(url: string, principal: Principal): Promise<Located | null> {
    const [, , organization, workspace, deployment, rest] = url.split('?')[0]!.split('/')
    if (!organization || !workspace || !deployment || rest) return null
    const target = await directory.resolve(organization, workspace, deployment)
    if (!target || !principal.permissions.has(target.organizationId)) return null
    if (principal.workspaceId !== null && principal.workspaceId !== target.workspaceId) return null
    const row = directory.known(target.id) ?? (await directory.load(target.id))
    return row && { context: contextOf(principal, row), row, refusal: beyondReach(principal, row) }
  }

  return {
    intercept,
    endpoint,
    directory,
    stopServing,
    upToDate,
    contextOf,
    /** A deployment serves here again. */
    serving: admission.serving,
    /** One request as the principal, without HTTP; at the deployment's home wherever that is. */
    callOnce: async (
      context: CallerContext,
      given: DeploymentRow,
      call: OnceCall,
    ): Promise<OnceAnswer & { callId: string }> => {
      const row = await upToDate(given)
      const away = !homes.isHere(row) && !admission.admit(row.id)
      const address = away ? await forward.addressOf(row) : null
      if (address) {
        const passed = { ...context, record: { id: newId('call'), at: Date.now() } }
        const reply = await forward.callOnce(address, passed, call)
        if (reply) return { ...reply, callId: passed.record.id }
        return lostCall(passed, call)
      }
      const reply = await endpoint.callOnce({ context, ...call })
      return { ...reply, callId: context.callId! }
    },
    close: async () => {
      clearInterval(toucher)
      unsubscribe()
      directory.close()
      admission.close()
      await endpoint.shutdown(2000)
      await meter.close()
    },
  }

  /** A call whose answer did not arrive from the home. */
  function lostCall(context: CallerContext, { method, params }: OnceCall): OnceAnswer & { callId: string } {
    const { code, message } = homeGone
    const text = JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code, message } })
    const tool = method === 'tools/call' && typeof params['name'] === 'string' ? params['name'] : null
    const startedAt = context.record!.at
    const latencyUs = (Date.now() - startedAt) * 1000
    note(context, {
      sessionId: '',
      method,
      tool,
      passed: false,
      outcome: 'lost',
      errorCode: code,
      requestBytes: Buffer.byteLength(JSON.stringify(params)),
      responseBytes: Buffer.byteLength(text),
      startedAt,
      latencyUs,
    })
    return { text, outcome: 'lost', errorCode: code, latencyUs, callId: context.callId! }
  }
}

function answer(response: ServerResponse, { httpStatus, code, message }: Refusal): void {
  sendRpcError(response, httpStatus!, code, message)
}

function unauthorized(response: ServerResponse, challenge: string, refusal: Refusal): void {
  response.setHeader('www-authenticate', challenge)
  answer(response, refusal)
}

function beyondReach(principal: Principal, row: DeploymentRow): Refusal | null {
  const halted = principal.halted.get(row.organizationId)
  if (halted) return haltedRefusal(halted)
  if (!may(principal, row.organizationId, 'tools:call')) return noScope
  const { allowedDeployments } = principal
  return allowedDeployments && !allowedDeployments.has(row.id) ? notAllowed : null
}

function contextOf(principal: Principal, row: DeploymentRow): CallerContext {
  return {
    principal: `${principal.kind}:${principal.id}`,
    scope: row.id,
    allowedTools: principal.allowedTools,
    organizationId: row.organizationId,
    workspaceId: row.workspaceId,
    principalKind: principal.kind,
    principalId: principal.id,
    tokenId: principal.tokenId ?? principal.sessionId,
  }
}
