import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { api } from '@berth/contracts'
import { newId } from '../ids.ts'
import { signUp, startTestServer, type TestPerson, type TestServer } from '../testing/index.ts'

let server: TestServer
let person: TestPerson
beforeAll(async () => {
  server = await startTestServer({ roles: ['api'] })
  person = await signUp(server)
})
afterAll(() => server?.close())

/** The path as it is, which `fetch` would tidy up. */
async function raw(
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<{ status: number; headers: Record<string, unknown>; body: Record<string, unknown> }> {
  const { hostname, port } = new URL(server.url)
  return await new Promise((resolve, reject) => {
    httpRequest({ hostname, port, path, method, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('end', () =>
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          body:
            text && response.headers['content-type']?.includes('json')
              ? (JSON.parse(text) as Record<string, unknown>)
              : { text },
        }),
      )
    })
      .on('error', reject)
      .end()
  })
}

const signedIn = () => ({ authorization: `Bearer ${person.token}` })

describe('what the router refuses is a problem, too', () => {
  test.each([
    ['a path that is not well encoded', '/api/%'],
    ['a path that is no text', '/api/orgs/%ff'],
    ['an id that is far too long', `/api/orgs/${'x'.repeat(5000)}`],
  ])('%s', async (_what, path) => {
    const { status, headers, body } = await raw(path, { headers: signedIn() })
    expect(headers['content-type']).toContain('application/problem+json')
    expect([status, body['status'], body['code']]).toEqual([400, 400, 'invalid_input'])
    expect(headers['x-request-id']).toBe(body['requestId'])
  })
})

describe('a request without a body', () => {
  test('is refused by the names of what it lacks', async () => {
    const { status, body } = await raw('/api/orgs', { method: 'POST', headers: signedIn() })
    expect([status, body['code']]).toEqual([400, 'invalid_input'])
    expect(body['errors']).toMatchObject([{ path: 'name' }])
  })

  test('is as good as an empty one where all may be left out', async () => {
    const { id } = await person.client.call(api.organizations.create, { body: { name: 'Says little' } })
    const path = `/api/billing/organizations/${id}/quotas/holds/${newId('hold')}/confirm`
    const { status, body } = await raw(path, { method: 'POST', headers: signedIn() })
    expect([status, body['code']]).toEqual([404, 'not_found'])
  })
})

describe('a method that a path does not have', () => {
  test.each([
    ['DELETE', '/api/orgs', 'GET, POST'],
    ['PUT', '/api/me', 'GET'],
    ['GET', '/api/auth/sign-in/email', 'POST'],
  ])('%s %s is 405 and says which it has', async (method, path, allow) => {
    const { status, headers, body } = await raw(path, { method })
    expect([status, body['code'], headers['allow']]).toEqual([405, 'method_not_allowed', allow])
  })
})

test('HEAD of a stream opens none', async () => {
  expect((await raw('/api/stream', { method: 'HEAD', headers: signedIn() })).status).toBe(404)
})

test('metrics are for this machine, not for whom a proxy on it lets in', async () => {
  expect((await raw('/metrics')).status).toBe(200)
  for (const name of ['x-forwarded-for', 'forwarded', 'via']) {
    expect([name, (await raw('/metrics', { headers: { [name]: '127.0.0.1' } })).status]).toEqual([name, 403])
  }
})

describe('the limit of requests', () => {
  let limited: TestServer
  let one: TestPerson
  let other: TestPerson
  beforeAll(async () => {
    limited = await startTestServer({
      roles: ['api'],
      requestsPerMinute: 20,
      env: { BERTH_TRUST_PROXY: 'true' },
    })
    one = await signUp(limited)
    other = await signUp(limited)
  })
  afterAll(() => limited?.close())

  const ask = async (headers: Record<string, string>) =>
    (await fetch(`${limited.url}/api/me`, { headers })).status
  const asks = async (headersOf: (n: number) => Record<string, string>) => {
    const statuses: number[] = []
    for (let n = 0; n < 22; n++) statuses.push(await ask(headersOf(n)))
    return statuses
  }

  test('counts made-up tokens for the address they come from', async () => {
    const statuses = await asks((n) => ({
      authorization: `Bearer made-up-${n}`,
      'x-forwarded-for': '203.0.113.7',
    }))
    expect(statuses.slice(0, 20)).toEqual(Array(20).fill(401))
    expect(statuses.slice(20)).toEqual([429, 429])
  })

  test('takes the address that the proxy saw, not the one that the caller says', async () => {
    const statuses = await asks((n) => ({ 'x-forwarded-for': `198.51.100.${n}, 203.0.113.8` }))
    expect(statuses.slice(0, 20)).toEqual(Array(20).fill(401))
    expect(statuses.slice(20)).toEqual([429, 429])
  })

  test('counts an address however it is spelled', async () => {
    const { hostname, port } = new URL(limited.url)
    const status = async (path: string) =>
      await new Promise<unknown[]>((resolve, reject) => {
        const headers = { 'x-forwarded-for': '203.0.113.9' }
        httpRequest({ hostname, port, path, headers }, (response) => {
          response.resume()
          resolve([response.statusCode, response.headers['ratelimit-limit']])
        })
          .on('error', reject)
          .end()
      })
    for (const path of ['/%61pi/me', '/ap%69/me', '/api/me'])
      expect([path, await status(path)]).toEqual([path, [401, '20']])
  })

  test('stands in every answer, a refusal and a stream among them, and 429 says how long to wait', async () => {
    const caller = await signUp(limited)
    const send = (path: string) =>
      fetch(`${limited.url}${path}`, { headers: { authorization: `Bearer ${caller.token}` } })
    const left: number[] = []
    for (const [path, status] of [
      ['/api/me', 200],
      ['/api/orgs/nowhere', 404],
      ['/api/nothing', 404],
      ['/api/stream', 200],
    ] as const) {
      const { headers, status: got, body } = await send(path)
      await body?.cancel()
      expect([path, got, headers.get('ratelimit-limit')]).toEqual([path, status, '20'])
      expect(Number(headers.get('ratelimit-reset'))).toBeGreaterThan(0)
      expect(headers.get('x-request-id')).toMatch(/^req_/)
      left.push(Number(headers.get('ratelimit-remaining')))
    }
    expect(left).toEqual([19, 18, 17, 16])
    const { requests } = await caller.client.call(api.limits.mine, {})
    expect(requests).toMatchObject({ limit: 20, used: 5, left: 15, windowSeconds: 60 })
    for (let n = 0; n < 15; n++) await send('/api/me')
    const refused = await send('/api/me')
    const { detail } = (await refused.json()) as { detail: string }
    const wait = refused.headers.get('retry-after')
    expect([refused.status, refused.headers.get('ratelimit-remaining')]).toEqual([429, '0'])
    expect(detail).toBe(`All 20 requests of this minute are used; try again in ${wait} s.`)
  })

  test('is the setting, and none is where it is 0', async () => {
    for (const [setting, limit] of [
      ['7', '7'],
      ['0', null],
    ] as const) {
      const own = await startTestServer({
        roles: ['api'],
        requestsPerMinute: undefined,
        env: { BERTH_REQUESTS_PER_MINUTE: setting },
      })
      try {
        const caller = await signUp(own)
        const { headers } = await fetch(`${own.url}/api/me`)
        expect(headers.get('ratelimit-limit')).toBe(limit)
        const { requests, fixed } = await caller.client.call(api.limits.mine, {})
        expect(requests?.limit ?? null).toBe(limit && Number(limit))
        expect(fixed.length).toBeGreaterThan(5)
      } finally {
        await own.close()
      }
    }
  })

  test('counts one person together, however the credential is written, and nobody else', async () => {
    const spellings = [`Bearer ${one.token}`, `bearer ${one.token}`, `Bearer  ${one.token}`]
    const statuses = await asks((n) => ({
      authorization: spellings[n % 3]!,
      'x-forwarded-for': `203.0.113.${n + 10}`,
    }))
    expect(statuses.slice(0, 20)).toEqual(Array(20).fill(200))
    expect(statuses.slice(20)).toEqual([429, 429])
    expect(await ask({ authorization: `Bearer ${other.token}` })).toBe(200)
  })
})
