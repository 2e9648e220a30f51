/**
 * Stripe as far as Berth uses it, on a real port: it refuses what its published shapes do not know, honours idempotency
 * keys, signs its events with the package's own helper, and fails, loses and repeats on demand.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Stripe } from 'stripe'
import { sha256 } from '../../../../platform/crypto.ts'
import type { Card, Thing, World } from './fake-kinds.ts'
import { createWorld } from './fake-world.ts'
import { check, invalid, parseForm, shapes, type ApiError, type Params } from './shapes.ts'

export const secretKey = 'sk_test_berth'
export const webhookSecret = 'whsec_of_the_fake'
const version = '2026-10-28.endive'

export interface Asked {
  method: string
  path: string
  params: Params
  key: string | null
}

/** `before`: the connection breaks before anything is done; `after`: once it is done, before it is answered. */
export type Fault = 'before' | 'after' | 'outage' | 'limit' | null

export interface FakeStripe extends World {
  url: string
  /** Settings of a Berth that uses it. */
  env: Record<string, string>
  /** Everything that was asked, oldest first. */
  asked: Asked[]
  /** What was asked to change something. */
  writes(): Asked[]
  /** Says what goes wrong with a request; null: nothing. */
  fault: (asked: Asked, count: number) => Fault
  /** The events so far, oldest first, as they are signed. */
  events: Thing[]
  signed(
    event: Thing,
    options?: { secret?: string; at?: Date },
  ): { body: string; headers: Record<string, string> }
  /** Sends every event from now on, as it happens. */
  deliverTo(address: string | null): void
  /** Sends an event that was made before, however often. */
  deliver(address: string, event: Thing): Promise<number>
  forgetKeys(): void
  close(): Promise<void>
}

export type { Card, Thing }

export async function startFakeStripe(now: () => Date = () => new Date()): Promise<FakeStripe> {
  const events: Thing[] = []
  const asked: Asked[] = []
  const keys = new Map<string, { hash: string; status: number; body: string }>()
  let address: string | null = null
  const sending = new Set<Promise<unknown>>()

  const world = createWorld(now, (type, object) => {
    const event: Thing = {
      id: `evt_${events.length + 1}_${seed}`,
      object: 'event',
      api_version: version,
      created: Math.floor(now().getTime() / 1000),
      data: { object: structuredClone(object) },
      livemode: false,
      pending_webhooks: 1,
      request: { id: null, idempotency_key: null },
      type,
    }
    events.push(event)
    if (!address) return
    const work = fake.deliver(address, event).catch(() => 0)
    sending.add(work)
    void work.finally(() => sending.delete(work))
  })
  const { seed } = world

  const server = createServer((request, response) => {
    void read(request).then((body) => answer(request, response, body))
  })

  function answer(request: IncomingMessage, response: ServerResponse, body: string): void {
    const { method = 'GET' } = request
    const { pathname, search } = new URL(request.url!, 'http://fake')
    const key = (request.headers['idempotency-key'] as string | undefined) ?? null
    const text = method === 'GET' || method === 'DELETE' ? search.slice(1) : body
    const one: Asked = { method, path: pathname, params: parseForm(text), key }
    asked.push(one)
    const fault = fake.fault(one, asked.length)
    if (fault === 'before') return void request.socket.destroy()
    if (fault === 'outage') return send(response, 503, failure('api_error', 'Stripe is away.'))
    if (fault === 'limit')
      return send(response, 429, failure('invalid_request_error', 'Too many requests.', 'rate_limit'))
    const { status, reply } = perform(request, one, text)
    if (fault === 'after') return void request.socket.destroy()
    send(response, status, reply)
  }

  function perform(request: IncomingMessage, one: Asked, text: string): { status: number; reply: string } {
    try {
      if (request.headers.authorization !== `Bearer ${secretKey}`)
        throw { status: 401, error: { type: 'invalid_request_error', message: 'Invalid API Key provided.' } }
      if (request.headers['stripe-version'] !== version) throw invalid('Another version is asked for.')
      const [route, shape] = shapeOf(one)
      check(one.params, shape)
      if (one.key === null) return { status: 200, reply: JSON.stringify(world.run(route, one)) }
      return once(one, text, () => world.run(route, one))
    } catch (thrown) {
      const { status, error } = thrown as ApiError
      if (!status) throw thrown
      return { status, reply: JSON.stringify({ error }) }
    }
  }

  /** The same key gives the same answer, also a declined card's; another request with it is refused. */
  function once(one: Asked, text: string, work: () => Thing): { status: number; reply: string } {
    const hash = sha256(`${one.method} ${one.path} ${text}`).toString('hex')
    const before = keys.get(one.key!)
    if (before && before.hash !== hash)
      throw {
        status: 400,
        error: {
          type: 'idempotency_error',
          message: 'Keys for idempotent requests can only be used with the same parameters.',
        },
      }
    if (before) return { status: before.status, reply: before.body }
    let kept: { status: number; reply: string }
    try {
      kept = { status: 200, reply: JSON.stringify(work()) }
    } catch (thrown) {
      const { status, error } = thrown as ApiError
      if (status !== 402) throw thrown
      kept = { status, reply: JSON.stringify({ error }) }
    }
    keys.set(one.key!, { hash, status: kept.status, body: kept.reply })
    return kept
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  const stripe = new Stripe(secretKey)
  const fake: FakeStripe = {
    ...world,
    url,
    env: {
      BERTH_STRIPE_SECRET_KEY: secretKey,
      BERTH_STRIPE_WEBHOOK_SECRET: webhookSecret,
      BERTH_STRIPE_API: url,
    },
    asked,
    writes: () => asked.filter(({ method }) => method !== 'GET'),
    fault: () => null,
    events,
    signed: (event, { secret = webhookSecret, at = new Date() } = {}) => {
      const body = JSON.stringify(event)
      const timestamp = Math.floor(at.getTime() / 1000)
      const signature = stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp })
      return { body, headers: { 'content-type': 'application/json', 'stripe-signature': signature } }
    },
    deliverTo: (to) => {
      address = to
    },
    deliver: async (to, event) => {
      const { body, headers } = fake.signed(event)
      return (await fetch(to, { method: 'POST', headers, body })).status
    },
    forgetKeys: () => keys.clear(),
    close: async () => {
      address = null
      await Promise.all(sending)
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return fake
}

function shapeOf({ method, path }: Asked): [route: string, shape: (typeof shapes)[string]] {
  const exact = `${method} ${path}`
  if (shapes[exact]) return [exact, shapes[exact]]
  const route = `${method} ${path.replace(/\/(cus|cs|in|ii|ch|bpc)_[^/]+/, '/:id')}`
  const shape = shapes[route]
  if (!shape)
    throw {
      status: 404,
      error: { type: 'invalid_request_error', message: `Unrecognized request URL (${exact}).` },
    }
  return [route, shape]
}

const failure = (type: string, message: string, code?: string) =>
  JSON.stringify({ error: { type, message, ...(code ? { code } : {}) } })

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json', 'request-id': 'req_fake' }).end(body)
}

async function read(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString()
}
