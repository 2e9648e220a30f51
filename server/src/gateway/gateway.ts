/** MCP traffic: recognises the caller, finds the deployment, admits, and relays here or at the deployment's home. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { LogEvent } from '@berth/contracts'
import type { Journal } from '../metering/service.ts'
import type { Principal } from '../platform/http/principal.ts'
import { may } from '../platform/http/principal.ts'
import { newId } from '../platform/ids.ts'
import type { Platform } from '../platform/platform.ts'
import type { Policy } from '../policy/service.ts'
import { McpEndpoint, rpcCodes, type OnceAnswer, type Refusal, type RelayHooks } from '../relay/service.ts'
import type { DeploymentRow, Homes } from '../runtime/service.ts'
import type { CallerContext } from './context.ts'
import { createDirectory } from './directory.ts'
import type { Forwarder } from './forward.ts'
import { sendRpcError } from './http.ts'
import { findSession, removeSession, saveSession, touchSessions } from './sessions.ts'

export interface GatewayOptions {
  platform: Platform
  /** Recognises a bearer token, from memory where it can. */
  authenticate(token: string): Promise<Principal | null>
  homes: Homes
  journal: Journal
  policy: Policy
  forward: Forwarder
  hosts: () => ReadonlySet<string> | null
  origins: () => ReadonlySet<string>
}

const touchMs = 60_000

/** JSON-RPC code of a refusal by policy or by what the caller may do. */
export const refusedCode = rpcCodes.refused

export type Gateway = ReturnType<typeof createGateway>

export function createGateway(options: GatewayOptions) {
  const { platform, homes, forward } = options
  const { db, feed, logger } = platform
  const directory = createDirectory(platform)
  const contexts = new Map<string, CallerContext>()

  const hooks: RelayHooks<CallerContext> = {
    admit: (context) => admit(context.scope),
    beforeRequest: (context, session) => {
      const seen = session?.upstream ? homes.checkBeforeUse(context.scope, session.upstream) : null
      const strict = directory.known(context.scope)?.checkEveryCall ?? true
      if (!strict) return seen
      return strictCheck(context, seen)
    },
    acquire: (context, opening) => homes.acquire(context.scope, context.principal, opening),
    release: (upstream, sessionId) => homes.release(upstream, sessionId),
    record: (context, record) => {
      const row = directory.known(context.scope)
      context.callId = newId('call')
      options.journal.append({
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
        decisionId: row?.decisionId ?? null,
        outcome: record.outcome,
        errorCode: record.errorCode,
        requestBytes: record.requestBytes,
        responseBytes: record.responseBytes,
        latencyUs: record.latencyUs,
        at: record.startedAt,
      })
    },
    persistSession: async (context, session) => {
      contexts.set(session.id, context)
      await saveSession(db, context, session)
    },
    lookupSession: async (context, id) => {
      const session = await findSession(db, id)
      if (session) contexts.set(id, context)
      return session
    },
    sessionClosed: (session, reason) => {
      contexts.delete(session.id)
      if (reason === 'shutdown') return
      removeSession(db, session.id).catch((error: Error) => {
        logger.warn({ session: session.id, err: error.message }, 'a session row could not be removed')
      })
    },
  }
  const endpoint = new McpEndpoint<CallerContext>(hooks)
  const unsubscribe = feed.subscribe((events) => events.forEach(hear))
  const toucher = setInterval(() => {
    void touchSessions(
      db,
      endpoint.sessions().map((session) => session.id),
    ).catch(() => {})
  }, touchMs)

  function admit(deploymentId: string): Refusal | null {
    if (!feed.isFresh()) {
      return {
        code: refusedCode,
        message: 'Berth cannot see its own log right now, so it refuses calls.',
        httpStatus: 503,
      }
    }
    const row = directory.known(deploymentId)
    return row
      ? refusalFor(row)
      : { code: refusedCode, message: 'There is no such deployment.', httpStatus: 404 }
  }

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
    const check = await options.policy.checkCall(db, question, platform.clock.now())
    return check.allowed ? null : { code: refusedCode, message: check.sentence, data: { notes: check.notes } }
  }

  /** What the log revokes ends open sessions at once. */
  function hear(event: LogEvent): void {
    const { type, payload } = event
    if (type === 'token.revoked') {
      const tokenId = payload['tokenId'] as string
      endSessions((context) => context.tokenId === tokenId, 'The token was revoked.')
    } else if (type === 'session.revoked') {
      const sessionId = payload['sessionId'] as string
      endSessions((context) => context.tokenId === sessionId, 'The sign-in was ended.')
    } else if (type === 'member.removed' || type === 'member.role_changed') {
      const userId = payload['userId'] as string
      endSessions(
        (context) => context.principalId === userId && context.organizationId === event.organizationId,
        'Your membership changed; connect again.',
      )
    } else if (type === 'user.disabled') {
      endSessions((context) => context.principalId === payload['userId'], 'The account was disabled.')
    } else if (type === 'deployment.stopped' || type === 'deployment.deleted') {
      stopServing(payload['deploymentId'] as string, {
        sentence: 'The deployment was stopped.',
        decisionId: null,
        notes: [],
      })
    }
  }

  function endSessions(which: (context: CallerContext) => boolean, message: string): void {
    endpoint.closeSessions(
      (session) => {
        const context = contexts.get(session.id)
        return context !== undefined && which(context)
      },
      { code: refusedCode, message },
    )
  }

  /** Ends the open sessions of a deployment with what stands in their way. */
  function stopServing(
    deploymentId: string,
    why: { sentence: string; decisionId: string | null; notes: string[] },
  ): void {
    const data = { decisionId: why.decisionId, notes: why.notes }
    endpoint.closeSessions((session) => session.scope === deploymentId, {
      code: refusedCode,
      message: why.sentence,
      data,
    })
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
    if (!url.startsWith('/mcp/') && url !== '/mcp') return false
    serve(request, response, url).catch((error: Error) => {
      logger.error({ err: error }, 'a gateway request failed')
      sendRpcError(response, 500, rpcCodes.serverGone, 'Something went wrong in Berth.')
    })
    return true
  }

  async function serve(request: IncomingMessage, response: ServerResponse, url: string): Promise<void> {
    if (!allowed(request)) {
      return sendRpcError(response, 403, refusedCode, 'This Host or Origin is not allowed here.')
    }
    const { authorization } = request.headers
    const token = authorization?.startsWith('Bearer ') ? authorization.slice(7) : null
    const principal = token ? await options.authenticate(token) : null
    if (!principal) {
      response.setHeader('www-authenticate', 'Bearer')
      return sendRpcError(
        response,
        401,
        refusedCode,
        'Send an API or service token of Berth as `Authorization: Bearer …`.',
      )
    }
    const found = await locate(url, principal)
    if ('status' in found) return sendRpcError(response, found.status, refusedCode, found.sentence)
    const { context, row } = found
    if (homes.isHere(row)) return endpoint.handle(request, response, context)
    await forward.request(request, response, { context, row, admit: () => admit(row.id) })
  }

  type Located = { context: CallerContext; row: DeploymentRow } | { status: number; sentence: string }

  async function locate(url: string, principal: Principal): Promise<Located> {
    const [, , organization, workspace, deployment, rest] = url.split('?')[0]!.split('/')
    if (!organization || !workspace || !deployment || rest) return nothingHere
    const target = await directory.resolve(organization, workspace, deployment)
    if (!target || !principal.permissions.has(target.organizationId)) return nothingHere
    if (principal.workspaceId !== null && principal.workspaceId !== target.workspaceId) return nothingHere
    if (!may(principal, target.organizationId, 'tools:call')) {
      return { status: 403, sentence: 'This token may not call tools here: it lacks the scope tools:call.' }
    }
    if (principal.allowedDeployments && !principal.allowedDeployments.has(target.id)) {
      return { status: 403, sentence: 'This token is not allowed for this deployment.' }
    }
    const row = await directory.load(target.id)
    return row ? { context: contextOf(principal, row), row } : nothingHere
  }

  return {
    intercept,
    endpoint,
    admit,
    directory,
    stopServing,
    contextOf,
    /** Lets clients whose sessions were refused find 404 again and start anew. */
    serving: (deploymentId: string) => endpoint.forgetRefusals(deploymentId),
    /** One request as the principal, without HTTP; at the deployment's home wherever that is. */
    callOnce: async (
      context: CallerContext,
      row: DeploymentRow,
      call: { method: string; params: Record<string, unknown>; timeoutMs: number },
    ): Promise<OnceAnswer & { callId: string | null }> => {
      if (!homes.isHere(row)) return await forward.callOnce(row, context, call)
      const answer = await endpoint.callOnce({ context, ...call })
      return { ...answer, callId: context.callId ?? null }
    },
    close: async () => {
      clearInterval(toucher)
      unsubscribe()
      directory.close()
      await endpoint.shutdown(2000)
    },
  }
}

const nothingHere = {
  status: 404,
  sentence: 'There is no such deployment: the address is /mcp/{organization}/{workspace}/{deployment}.',
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

/** Why a deployment cannot be called now; null when it can. */
export function refusalFor(row: DeploymentRow): Refusal | null {
  const data = { decisionId: row.decisionId, notes: row.holdNotes, pendingStatus: row.hold }
  if (row.desired === 'stopped') return { code: refusedCode, message: 'The deployment is stopped.', data }
  if (row.hold)
    return { code: refusedCode, message: row.reason ?? `The deployment is held (${row.hold}).`, data }
  if (row.phase === 'running') return null
  const message = row.reason ?? `The deployment is ${row.phase}; try again shortly.`
  return { code: refusedCode, message, data, httpStatus: 503 }
}
