import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Call } from './call.ts'
import { readEnvelope } from './envelope.ts'
import type { Envelope } from './envelope.ts'
import type { Link } from './link.ts'
import { StdioUpstream } from './stdio-upstream.ts'
import type { Channel, Isolation } from './types.ts'

/** A server at the other end of a channel that answers when, and in the order, the test says. */
class ScriptedServer implements Channel {
  received: any[] = []
  waiting: any[] = []
  private listener: (line: string) => void = () => {}

  send(line: string): void {
    const message = JSON.parse(line)
    this.received.push(message)
    if (message.method !== undefined && message.id !== undefined) this.waiting.push(message)
  }
  onMessage(listener: (line: string) => void): void {
    this.listener = listener
  }
  onClose(): void {}
  close(): void {}
  emit(message: object): void {
    this.listener(JSON.stringify({ jsonrpc: '2.0', ...message }))
  }
  /** Progress and then the answer, both saying what was asked. */
  answer(at: number): void {
    const [message] = this.waiting.splice(at % this.waiting.length, 1)
    const { id, params } = message
    const token = params?._meta?.progressToken
    if (token !== undefined) {
      this.emit({
        method: 'notifications/progress',
        params: { progressToken: token, progress: 1, message: params.secret },
      })
    }
    this.emit({ id, result: { secret: params?.secret } })
  }
}

class Asked extends Call {
  secret: string
  got: any[] = []
  progress: any[] = []
  constructor(envelope: Envelope, secret: string) {
    super(envelope.method, envelope.rawId)
    this.secret = secret
  }
  message(text: string): boolean {
    this.progress.push(JSON.parse(text))
    return true
  }
  answer(text: string): void {
    this.got.push(JSON.parse(text))
  }
  fail(outcome: string): void {
    this.got.push({ failed: outcome })
  }
}

interface Client {
  link: Link
  delivered: any[]
  calls: Asked[]
}

function setUp(count: number, isolation: Isolation, remapIds = true) {
  const server = new ScriptedServer()
  const upstream = new StdioUpstream(server, { isolation, remapIds })
  const clients = Array.from({ length: count }, (): Client => {
    const delivered: any[] = []
    const deliver = (text: string) => void delivered.push(JSON.parse(text))
    const link = upstream.attach({ deliver, listening: true, upstreamGone: () => {} })
    return { link, delivered, calls: [] }
  })
  return { server, upstream, clients }
}

let secrets = 0

function ask(client: Client, id: number | string, method = 'tools/call', params: object = {}): Asked {
  const secret = `s${++secrets}`
  const text = JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, secret } })
  const envelope = readEnvelope(text) as Envelope
  const call = new Asked(envelope, secret)
  client.calls.push(call)
  client.link.request(envelope, call)
  return call
}

function notify(client: Client, method: string, params: object): void {
  client.link.notify(readEnvelope(JSON.stringify({ jsonrpc: '2.0', method, params })) as Envelope)
}

/** Steps of a random history: who acts, what they do, and one number to choose by. */
const steps = fc.array(
  fc.tuple(
    fc.nat({ max: 5 }),
    fc.constantFrom('ask', 'ask', 'ask', 'answer', 'answer', 'cancel', 'leave', 'stray'),
    fc.nat({ max: 3 }),
  ),
  { maxLength: 120 },
)

/** Plays a history; every session uses the same few ids and tokens. Returns all calls made. */
function play(history: readonly (readonly [number, string, number])[], remapIds: boolean): Asked[] {
  const { server, clients } = setUp(6, 'shared', remapIds)
  const gone = new Set<number>()
  for (const [who, what, pick] of history) {
    const client = clients[who]!
    if (what === 'answer' && server.waiting.length > 0) server.answer(pick)
    else if (what === 'stray') server.emit({ id: 1000 + pick, result: { secret: 'nobody' } })
    else if (gone.has(who)) continue
    else if (what === 'ask') ask(client, pick, 'tools/call', { _meta: { progressToken: pick } })
    else if (what === 'cancel') notify(client, 'notifications/cancelled', { requestId: pick })
    else if (what === 'leave') {
      gone.add(who)
      client.link.close({ code: -32001, message: 'gone' })
    }
  }
  while (server.waiting.length > 0) server.answer(0)
  return clients.flatMap(({ calls }) => calls)
}

function everyoneGotTheirOwn(calls: Asked[]): boolean {
  return calls.every(({ got, progress, secret, rawId }) => {
    const [answer] = got
    const right =
      answer?.failed !== undefined || (answer?.result?.secret === secret && String(answer.id) === rawId)
    const own = progress.every(
      ({ params }) => params.message === secret && String(params.progressToken) === rawId,
    )
    return got.length === 1 && right && own
  })
}

describe('sessions that share one server', () => {
  it('get exactly one answer to each request, and never a word of another session', () => {
    const found = fc.check(
      fc.property(steps, (history) => everyoneGotTheirOwn(play(history, true))),
      { numRuns: 300 },
    )
    expect(found.counterexample).toBeNull()
  })

  it('would get wrong answers or none without id remapping', () => {
    const found = fc.check(
      fc.property(steps, (history) => everyoneGotTheirOwn(play(history, false))),
      { numRuns: 300 },
    )
    expect(found.failed).toBe(true)
    // The smallest case: two sessions, one id.
    expect(
      everyoneGotTheirOwn(
        play(
          [
            [0, 'ask', 1],
            [1, 'ask', 1],
          ],
          false,
        ),
      ),
    ).toBe(false)
    expect(
      everyoneGotTheirOwn(
        play(
          [
            [0, 'ask', 1],
            [1, 'ask', 1],
          ],
          true,
        ),
      ),
    ).toBe(true)
  })

  it('cancel only their own requests, by the id the server knows', () => {
    const { server, clients } = setUp(2, 'shared')
    const mine = ask(clients[0]!, 1)
    const theirs = ask(clients[1]!, 1)
    notify(clients[0]!, 'notifications/cancelled', { requestId: 1, reason: 'enough' })
    const cancel = server.received.at(-1)
    expect(cancel).toMatchObject({
      method: 'notifications/cancelled',
      params: { requestId: mine.upstreamId, reason: 'enough' },
    })
    expect(mine.got).toEqual([{ failed: 'cancelled' }])
    server.answer(0)
    server.answer(0)
    expect(mine.got).toHaveLength(1)
    expect(theirs.got[0].result.secret).toBe(theirs.secret)
  })

  it('cancel nothing when they name a request they do not have', () => {
    const { server, clients } = setUp(2, 'shared')
    ask(clients[1]!, 5)
    const before = server.received.length
    notify(clients[0]!, 'notifications/cancelled', { requestId: 5 })
    notify(clients[0]!, 'notifications/cancelled', { requestId: 1 })
    expect(server.received).toHaveLength(before)
  })

  it('hear only of the resources they subscribed to, and end a subscription together', () => {
    const { server, clients } = setUp(3, 'shared')
    const [a, b, c] = clients as [Client, Client, Client]
    ask(a, 1, 'resources/subscribe', { uri: 'file:///a' })
    ask(b, 1, 'resources/subscribe', { uri: 'file:///ab' })
    ask(c, 1, 'resources/subscribe', { uri: 'file:///a' })
    while (server.waiting.length > 0) server.answer(0)
    const updated = (uri: string) =>
      server.emit({ method: 'notifications/resources/updated', params: { uri } })
    updated('file:///a')
    updated('file:///ab')
    updated('file:///a/part')
    const heard = ({ delivered }: Client) => delivered.map(({ params }) => params.uri)
    expect([heard(a), heard(b), heard(c)]).toEqual([
      ['file:///a', 'file:///a/part'],
      ['file:///ab'],
      ['file:///a', 'file:///a/part'],
    ])
    const unsubscribed = () =>
      server.received.filter(({ method }) => method === 'resources/unsubscribe').length
    const direct = a.link.request(
      readEnvelope(
        '{"jsonrpc":"2.0","id":2,"method":"resources/unsubscribe","params":{"uri":"file:///a"}}',
      ) as Envelope,
      new Asked(readEnvelope('{"jsonrpc":"2.0","id":2,"method":"resources/unsubscribe"}') as Envelope, ''),
    )
    expect(direct).toEqual({ rawResult: '{}' })
    expect(unsubscribed()).toBe(0)
    c.link.close({ code: -1, message: 'bye' })
    expect(unsubscribed()).toBe(1)
    updated('file:///a')
    expect(heard(a)).toHaveLength(2)
  })

  it('are refused log levels and tasks, and hear no log of others', () => {
    const { server, clients } = setUp(2, 'shared')
    const level = ask(clients[0]!, 1, 'logging/setLevel', { level: 'debug' })
    const task = ask(clients[0]!, 2, 'tools/call', { name: 'x', task: {} })
    expect(server.received).toEqual([])
    expect([level.upstreamId, task.upstreamId]).toEqual([0, 0])
    server.emit({ method: 'notifications/message', params: { level: 'info', data: 'secret' } })
    expect(clients.flatMap(({ delivered }) => delivered)).toEqual([])
  })

  it('are never asked for sampling: the relay declines for them and answers pings', () => {
    const { server, clients } = setUp(2, 'principal')
    server.emit({ id: 'q1', method: 'sampling/createMessage', params: {} })
    server.emit({ id: 'q2', method: 'ping' })
    expect(server.received).toEqual([
      {
        jsonrpc: '2.0',
        id: 'q1',
        error: { code: -32601, message: expect.stringContaining('sampling/createMessage') },
      },
      { jsonrpc: '2.0', id: 'q2', result: {} },
    ])
    expect(clients.flatMap(({ delivered }) => delivered)).toEqual([])
  })

  it('all hear that a list changed; the owner of the server hears it once', () => {
    const server = new ScriptedServer()
    const kinds: string[] = []
    const upstream = new StdioUpstream(server, {
      isolation: 'shared',
      onListChanged: (kind) => void kinds.push(kind),
    })
    const heard: string[] = []
    for (const name of ['a', 'b']) {
      upstream.attach({ deliver: () => void heard.push(name), listening: true, upstreamGone: () => {} })
    }
    server.emit({ method: 'notifications/tools/list_changed' })
    expect(kinds).toEqual(['tools'])
    expect(heard).toEqual(['a', 'b'])
  })
})

describe('a session with a server of its own', () => {
  it('keeps the progress of a task after its first answer', () => {
    const { server, clients } = setUp(1, 'session')
    const call = ask(clients[0]!, 1, 'tools/call', { task: {}, _meta: { progressToken: 'mine' } })
    server.answer(0)
    server.emit({ method: 'notifications/progress', params: { progressToken: call.upstreamId, progress: 2 } })
    expect(clients[0]!.delivered).toEqual([
      { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 'mine', progress: 2 } },
    ])
  })

  it('is not given to a second one', () => {
    const { upstream } = setUp(1, 'session')
    const peer = { deliver: () => {}, listening: false, upstreamGone: () => {} }
    expect(() => upstream.attach(peer)).toThrow('belongs to another session')
  })
})

describe('a server that does not read', () => {
  it('costs a call its answer when its channel takes no more', () => {
    const { server, upstream, clients } = setUp(1, 'shared')
    Object.assign(server, { send: () => false })
    expect(ask(clients[0]!, 1).got).toEqual([{ failed: 'lost' }])
    expect(upstream.calls.size).toBe(0)
  })

  it('is given no more requests, so that they cannot pile up', () => {
    const { server, clients } = setUp(1, 'shared')
    Object.assign(server, { writableLength: 17 * 1024 * 1024 })
    const direct = clients[0]!.link.request(
      readEnvelope('{"jsonrpc":"2.0","id":1,"method":"ping"}') as Envelope,
      new Asked(readEnvelope('{"jsonrpc":"2.0","id":1,"method":"ping"}') as Envelope, ''),
    )
    expect(direct).toMatchObject({ message: 'The server does not read its input.' })
    expect(server.received).toEqual([])
  })
})

describe('what a server may say', () => {
  it('is skipped when it is no message, and disturbs nothing', () => {
    const { server, upstream, clients } = setUp(2, 'shared')
    const call = ask(clients[0]!, 1)
    const listener = (server as unknown as { listener: (line: string) => void }).listener
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (line) => listener(line)))
    listener(`{"method":5,"id":{}}`)
    listener(`{"jsonrpc":"2.0","id":["x"],"result":1}`)
    expect(upstream.skippedLines).toBeGreaterThan(0)
    expect(call.got).toEqual([])
    server.answer(0)
    expect(call.got[0].result.secret).toBe(call.secret)
  })

  it('fails only the request it answers when it is too long', () => {
    const server = new ScriptedServer()
    const upstream = new StdioUpstream(server, { isolation: 'shared', maxMessageLength: 1000 })
    const link = upstream.attach({ deliver: () => {}, listening: true, upstreamGone: () => {} })
    const client: Client = { link, delivered: [], calls: [] }
    const [long, other, tail] = [ask(client, 1), ask(client, 2), ask(client, 3)]
    server.emit({ id: long.upstreamId, result: 'x'.repeat(2000) })
    server.emit({ result: 'x'.repeat(2000), id: tail.upstreamId })
    expect([long.got, tail.got, other.got]).toEqual([[{ failed: 'lost' }], [{ failed: 'lost' }], []])
  })
})
