/** Where a message that the server sends of its own accord goes. */
import { composeCall, paramsWith, readEnvelope } from './envelope.ts'
import type { Envelope } from './envelope.ts'
import type { Call } from './call.ts'
import { codes } from './jsonrpc.ts'
import type { ListKind, Upstream } from './upstream.ts'

/** A parsed message from the server; nothing of it is trusted. */
export interface ServerMessage {
  jsonrpc?: unknown
  id?: unknown
  method?: unknown
  params?: unknown
  result?: unknown
  error?: { code?: unknown; message?: unknown; data?: unknown }
}

const listKinds: Record<string, ListKind> = {
  'notifications/tools/list_changed': 'tools',
  'notifications/prompts/list_changed': 'prompts',
  'notifications/resources/list_changed': 'resources',
}

export function routeNotification(
  upstream: Upstream,
  text: string,
  message: ServerMessage,
  origin: Call | null,
): void {
  const envelope = readEnvelope(text, message)
  if (!('kind' in envelope)) return
  const { method } = envelope
  if (method === 'notifications/progress') {
    routeProgress(upstream, envelope, message)
    return
  }
  if (method === 'notifications/cancelled') {
    if (envelope.tokenStart >= 0) for (const link of upstream.links) link.unask(envelope)
    return
  }
  const line = composeCall(envelope, '', envelope.params)
  const listKind = listKinds[method]
  if (listKind) {
    upstream.options.onListChanged?.(listKind)
    for (const link of upstream.links) link.peer.deliver(line)
    return
  }
  if (method === 'notifications/resources/updated') {
    routeUpdate(upstream, message, line)
    return
  }
  // Nothing says whose a log message is: between strangers it would be a leak.
  if (upstream.isolation === 'shared') return
  for (const link of upstream.links) link.toClient(line, link.callOf(origin))
}

function routeProgress(upstream: Upstream, envelope: Envelope, message: ServerMessage): void {
  const token = (message.params as { progressToken?: unknown } | undefined)?.progressToken as number | string
  const call = upstream.calls.get(token)
  if (call?.link && call.rawToken !== null) {
    call.link.toClient(composeCall(envelope, '', paramsWith(envelope, call.rawToken)), call)
    return
  }
  const task = upstream.taskTokens.get(token)
  if (task) task.link.peer.deliver(composeCall(envelope, '', paramsWith(envelope, task.rawToken)))
}

/** To the sessions that subscribed to the resource, or to something it is a part of. */
function routeUpdate(upstream: Upstream, message: ServerMessage, line: string): void {
  const uri = (message.params as { uri?: unknown } | undefined)?.uri
  if (typeof uri !== 'string') return
  for (const link of upstream.links) {
    if (upstream.exclusive || isSubscribed(link.subscriptions, uri)) link.peer.deliver(line)
  }
}

function isSubscribed(subscriptions: Set<string>, uri: string): boolean {
  if (subscriptions.has(uri)) return true
  for (const own of subscriptions) {
    if (uri.startsWith(own) && (own.endsWith('/') || '/?#'.includes(uri.charAt(own.length)))) return true
  }
  return false
}

export function routeServerRequest(
  upstream: Upstream,
  text: string,
  message: ServerMessage,
  origin: Call | null,
): void {
  const envelope = readEnvelope(text, message)
  if (!('kind' in envelope)) return
  const [link] = upstream.links
  const { method } = envelope
  if (method === 'ping' && (!upstream.exclusive || !link || (!link.peer.listening && !link.callOf(origin)))) {
    upstream.reply(envelope.rawId, '{}')
    return
  }
  if (!upstream.exclusive || !link) {
    const sentence = `${method} is not available here: this server was offered no client capabilities.`
    upstream.reply(envelope.rawId, null, { code: codes.methodNotFound, message: sentence })
    return
  }
  link.ask(envelope, origin)
}
