import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Problem } from '@berth/contracts'
import { startTestServer, type TestServer } from '../../platform/testing/index.ts'
import { deliver, eventOf, inboxOf, secret, signed, type Delivery } from './testing/deliveries.ts'

let server: TestServer
beforeAll(async () => {
  // Nobody deals with what comes, so that it can be looked at.
  server = await startTestServer({ roles: ['api'], env: { BERTH_BILLING_WEBHOOK_SECRET: secret } })
})
afterAll(() => server?.close())
beforeEach(() => server.berth.platform.db.deleteFrom('billingWebhooks').execute())

const inbox = () => inboxOf(server.berth.platform.db)
const event = eventOf('something.happened', { number: 1 })

async function refused(delivery: Delivery, provider?: string): Promise<Problem> {
  const response = await deliver(server.url, delivery, provider)
  const problem = (await response.json()) as Problem
  expect(response.status).toBe(problem.status)
  expect(await inbox()).toEqual([])
  return problem
}

describe('an event that is signed', () => {
  test('is kept byte for byte, whatever it says that it is', async () => {
    const body = '{ "type":"something.happened",\r\n  "data" : {"name":"Zoë \\u00e9 😀", "n": 1.0} }\n'
    for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded']) {
      const delivery = signed(body)
      const response = await deliver(server.url, {
        body,
        headers: { ...delivery.headers, 'content-type': type },
      })
      expect([type, response.status]).toEqual([type, 204])
    }
    const rows = await inbox()
    expect(rows.map((row) => row.body!.toString())).toEqual([body, body, body])
    expect(rows[0]).toMatchObject({ provider: 'standard', type: 'something.happened', state: 'received' })
  })

  test('that comes again is answered alike and kept once, also when it comes at once', async () => {
    const delivery = signed(event, { id: 'evt_1' })
    const answers = await Promise.all(Array.from({ length: 8 }, () => deliver(server.url, delivery)))
    const later = await deliver(server.url, signed(event, { id: 'evt_1', at: new Date(Date.now() - 60_000) }))
    expect([...answers, later].map(({ status }) => status)).toEqual(Array.from({ length: 9 }, () => 204))
    expect((await inbox()).map(({ eventId }) => eventId)).toEqual(['evt_1'])
  })
})

describe('what is not as it was signed is refused and leaves nothing', () => {
  const right = signed(event)
  const { 'webhook-signature': _, ...unsigned } = right.headers
  const minute = 60_000
  test.each<[string, Delivery, string, RegExp]>([
    [
      'one of another secret',
      signed(event, { by: `whsec_${'A'.repeat(32)}` }),
      'unauthenticated',
      /another secret/,
    ],
    ['another body', { ...right, body: event.replace('1', '2') }, 'unauthenticated', /does not fit the body/],
    ['one space more', { ...right, body: `${event} ` }, 'unauthenticated', /does not fit the body/],
    [
      'another id',
      { ...right, headers: { ...right.headers, 'webhook-id': 'evt_other' } },
      'unauthenticated',
      /does not fit/,
    ],
    [
      'a made-up signature',
      { ...right, headers: { ...right.headers, 'webhook-signature': 'v1,AAAA v1 v2,x ,' } },
      'unauthenticated',
      /does not fit/,
    ],
    ['no signature', { ...right, headers: unsigned }, 'unauthenticated', /webhook-signature/],
    [
      'an old one',
      signed(event, { at: new Date(Date.now() - 6 * minute) }),
      'unauthenticated',
      /more than five minutes ago/,
    ],
    [
      'one of the future',
      signed(event, { at: new Date(Date.now() + 6 * minute) }),
      'unauthenticated',
      /more than five minutes ahead/,
    ],
    [
      'a time that is none',
      { ...right, headers: { ...right.headers, 'webhook-timestamp': 'yesterday' } },
      'unauthenticated',
      /seconds since 1970/,
    ],
    ['nothing', { body: '', headers: {} }, 'unauthenticated', /webhook-id/],
    ['nothing, signed', signed(''), 'invalid_input', /JSON object with `type` and `data`/],
    ['no JSON, signed', signed('type=payment.recorded'), 'invalid_input', /JSON object/],
    ['JSON without a type, signed', signed('{"data":{}}'), 'invalid_input', /JSON object/],
    ['bytes that are no text', { ...right, body: Buffer.from([0xff, 0xfe]) }, 'invalid_input', /UTF-8/],
    ['more than there is room for', signed(eventOf('big', 'x'.repeat(1024 * 1024))), 'too_large', /1 MiB/],
    ['an id with spaces', signed(event, { id: 'a b' }), 'invalid_input', /webhook-id/],
  ])('%s', async (_what, delivery, code, sentence) => {
    const problem = await refused(delivery)
    expect(problem.code).toBe(code)
    expect(problem.detail).toMatch(sentence)
  })

  test('an event that is right, sent to another provider or to one that nobody set up', async () => {
    for (const provider of ['stripe', 'nobody', 'constructor'])
      expect(await refused(signed(event), provider)).toMatchObject({
        code: 'not_found',
        detail: `No payment provider "${provider}" is set up here.`,
      })
  })
})

test('without the setting there is nobody to send to', async () => {
  const without = await startTestServer({ roles: ['api'], beside: server })
  const response = await deliver(without.url, signed(event))
  expect(response.status).toBe(404)
  await without.close()
})

test('who signs is never told to wait; who only tries to is, and soon is not read any more', async () => {
  const env = { BERTH_BILLING_WEBHOOK_SECRET: secret }
  const limited = await startTestServer({ roles: ['api'], beside: server, env, requestsPerMinute: 10 })
  const statuses = async (times: number, one: () => Delivery) => {
    const all: Response[] = []
    for (let n = 0; n < times; n++) all.push(await deliver(limited.url, one()))
    return all
  }
  const right = await statuses(30, () => signed(event))
  expect(new Set(right.map(({ status }) => status))).toEqual(new Set([204]))
  // A minute may end meanwhile, and be counted anew: in two of them there are twenty.
  const forged = await statuses(21, () => ({ ...signed(event), body: 'forged' }))
  const read = forged.findIndex(({ status }) => status !== 401)
  expect(read).toBeGreaterThanOrEqual(10)
  expect(forged[read]!.status).toBe(429)
  expect(Number(forged[read]!.headers.get('retry-after'))).toBeGreaterThan(0)
  // What anybody else asks for is counted apart.
  expect((await fetch(`${limited.url}/api/setup`)).headers.get('ratelimit-remaining')).toBe('9')
  await limited.close()
})
