/** What the endpoint does every few seconds: keep-alives, held answers, expired events, overdue calls, idle sessions. */
import type { McpEndpoint } from './endpoint.ts'
import { codes } from './jsonrpc.ts'
import { sessionEnded } from './session-table.ts'
import type { Session } from './session.ts'
import type { RelayContext } from './types.ts'

const EVENT_RETENTION_MS = 5 * 60_000

export function upkeep<C extends RelayContext>(endpoint: McpEndpoint<C>): void {
  const { table, held, options } = endpoint
  const now = Date.now()
  for (const res of table.openStreams) res.write(': keepalive\n\n')
  for (const exchange of held) {
    // Proxies and clients give up on a response that does not even begin.
    if (now - exchange.startedAt >= options.keepAliveMs) exchange.upgrade()
  }
  for (const session of table.sessions.values()) {
    session.expireEvents(performance.now() - EVENT_RETENTION_MS)
    if (session.inFlight > 0) failOverdue(session, options.maxCallMs)
    else if (!session.busy && now - session.lastSeenAt > options.idleMs)
      table.close(session, 'idle', sessionEnded)
  }
}

function failOverdue<C extends RelayContext>(session: Session<C>, maxCallMs: number): void {
  const { link } = session
  for (const call of link?.pending() ?? []) {
    if (performance.now() - call.startedAt < maxCallMs) continue
    link!.upstream.abandon(call, 'timed out')
    const message = `The server did not answer ${call.method} within ${Math.round(maxCallMs / 1000)} s.`
    call.fail('lost', { code: codes.serverGone, message })
  }
}
