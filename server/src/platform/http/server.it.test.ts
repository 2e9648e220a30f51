import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
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
