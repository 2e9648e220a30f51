import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { problem, problemCodes } from '@berth/contracts'
import { apiToken, buildWorld, type World } from '../access/world.ts'
import { createRandom, fuzzed, nasty, nastyTexts, type Random, type Schema } from '../support/fuzz.ts'

/**
 * Sends what nobody should send to every endpoint of the OpenAPI document, as people with and without rights: every
 * refusal is a problem of the closed list with a request id, and nothing ends in an error of Berth's own.
 */

const seed = Number(process.env['BERTH_FUZZ_SEED'] ?? 20_260_801)
/** Requests to one endpoint; all of it within `budgetMs`. */
const casesEach = Number(process.env['BERTH_FUZZ_CASES'] ?? 24)
const budgetMs = 40_000

interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  schema: Schema
}

interface Operation {
  method: string
  path: string
  parameters: Parameter[]
  body: Schema | null
}

let world: World
let operations: Operation[]
let callers: (string | null)[]
let known: Record<string, string>

beforeAll(async () => {
  // Nothing listens there: what names a package is refused without leaving this machine.
  process.env['npm_config_registry'] = 'http://127.0.0.1:9/'
  world = await buildWorld()
  operations = await readOperations(world.server.url)
  const token = await apiToken(world.owner, world.organizationId, ['deployments:read', 'workspaces:write'])
  callers = [world.owner.token, world.owner.token, world.operator.token, world.stranger.token, token, null]
  known = {
    organizationId: world.organizationId,
    workspaceId: world.workspace.id,
    deploymentId: world.deployment.id,
    org: world.organizationId,
    wsp: world.workspace.id,
    dep: world.deployment.id,
    provider: 'local',
    server: 'access',
    code: 'standard',
    seq: '1',
  }
})
afterAll(() => world?.close())

async function readOperations(url: string): Promise<Operation[]> {
  const document = (await (await fetch(`${url}/api/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { parameters?: Parameter[]; requestBody?: RequestBody }>>
  }
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody }]) => ({
      method: method.toUpperCase(),
      path,
      parameters,
      body: requestBody?.content['application/json']?.schema ?? null,
    })),
  )
}

interface RequestBody {
  content: Record<string, { schema: Schema }>
}

interface Sent {
  method: string
  path: string
  headers: Record<string, string>
  body: string | null
}

/** One request to an endpoint: right in most places, so that what is wrong in the others is reached. */
function madeUp(random: Random, { method, path, parameters, body }: Operation): Sent {
  const oftenRight = (one: Parameter) =>
    random.chance(0.75) ? (known[one.name] ?? fuzzed(random, one.schema, known, 0)) : nasty(random)
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encoded(oftenRight(parameters.find((one) => one.in === 'path' && one.name === name)!)),
  )
  const query = parameters
    .filter((one) => one.in === 'query' && (random.chance(0.5) || one.name === 'organizationId'))
    .map((one) => `${one.name}=${encoded(oftenRight(one))}`)
  if (random.chance(0.1))
    query.push(`${random.pick(['cursor', 'limit', '__proto__', 'x[y]'])}=${encoded(nasty(random))}`)
  const caller = random.pick(callers)
  return {
    method,
    path: filled + (query.length > 0 ? `?${query.join('&')}` : ''),
    headers: {
      ...(caller !== null && { authorization: `Bearer ${caller}` }),
      ...(body && { 'content-type': random.chance(0.97) ? 'application/json' : 'text/plain' }),
      ...(random.chance(0.1) && { 'idempotency-key': random.pick(['k', 'with space', 'x'.repeat(300)]) }),
    },
    body: body ? bodyText(random, body) : null,
  }
}

function bodyText(random: Random, schema: Schema): string {
  if (random.chance(0.04)) return random.pick(['', '{', '[]', 'null', '"text"', '7', '{"a":1,}', '\u0000'])
  return JSON.stringify(fuzzed(random, schema, known, 0.2)) ?? ''
}

function encoded(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return encodeURIComponent(text.toWellFormed().slice(0, 2000)) || '%20'
}

interface Answer {
  status: number
  type: string
  requestId: unknown
  text: string
}

/** Sends the bytes as they are: `fetch` would tidy the path up. Of a stream only the head is read. */
function send({ method, path, headers, body }: Sent): Promise<Answer> {
  const { hostname, port } = new URL(world.server.url)
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, method, path, headers }, (response) => {
      const type = response.headers['content-type'] ?? ''
      const requestId = response.headers['x-request-id']
      const done = (text: string) => resolve({ status: response.statusCode!, type, requestId, text })
      if (type.startsWith('text/event-stream')) {
        response.destroy()
        return done('')
      }
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('end', () => done(text))
    })
    request.on('error', reject)
    request.end(body ?? undefined)
  })
}

/** What is wrong with an answer; null: nothing. */
function faultOf({ status, type, requestId, text }: Answer): string | null {
  if (status < 400) return null
  if (!type.startsWith('application/problem+json')) return `${status} as ${type}: ${text}`
  const parsed = problem.safeParse(JSON.parse(text))
  if (!parsed.success) return `not a problem: ${text}`
  const { code } = parsed.data
  if (problemCodes[code].status !== status) return `${code} as ${status}`
  if (!parsed.data.requestId.startsWith('req_')) return `no request id: ${text}`
  if (requestId !== undefined && requestId !== parsed.data.requestId) return `another request id: ${text}`
  if (status >= 500 && code !== 'unavailable') return text
  return null
}

/** Faults, one an endpoint and kind, with what was sent. */
async function faultsOf(requests: Iterable<Sent>): Promise<string[]> {
  const faults = new Map<string, string>()
  for (const sent of requests) {
    const fault = faultOf(await send(sent))
    if (fault === null) continue
    const { authorization: _, ...headers } = sent.headers
    faults.set(
      `${sent.method} ${sent.path.split('?')[0]} ${fault.slice(0, 40)}`,
      `${fault.slice(0, 500)} ← ${JSON.stringify({ ...sent, headers }).slice(0, 600)}`,
    )
  }
  return [...faults.values()]
}

async function isAlive(): Promise<void> {
  expect((await fetch(`${world.server.url}/readyz`)).status).toBe(200)
  expect(
    (await fetch(`${world.server.url}/api/me`, { headers: { authorization: `Bearer ${world.owner.token}` } }))
      .status,
  ).toBe(200)
}

test(`nothing that is sent to an endpoint ends in an error of Berth's own (seed ${seed})`, async () => {
  const random = createRandom(seed)
  const until = performance.now() + budgetMs
  function* requests(): Generator<Sent> {
    for (let round = 0; round < casesEach; round++) {
      for (const operation of operations) {
        if (performance.now() > until) return
        yield madeUp(random, operation)
      }
    }
  }
  expect(await faultsOf(requests())).toEqual([])
  await isAlive()
})

test('paths that are none are refused as problems', async () => {
  const paths = [
    '/api/%',
    '/api/organizations/%ff',
    '/api/organizations/%00',
    '/api/organizations/%00/members',
    '/api/organizations/..%2f..',
    `/api/organizations/${'x'.repeat(5000)}`,
    '/api//',
    '/api/?%',
    '/api/constructor',
    '/api/__proto__',
    '/api/organizations?limit=%ff',
  ]
  const headers = { authorization: `Bearer ${world.owner.token}` }
  expect(await faultsOf(paths.map((path) => ({ method: 'GET', path, headers, body: null })))).toEqual([])
  await isAlive()
})

test('sign-in takes nothing amiss', async () => {
  const random = createRandom(seed)
  const paths = ['sign-up/email', 'sign-in/email', 'sign-out', 'device/code', 'device/approve', 'device/deny']
  const fields = [
    'name',
    'email',
    'password',
    'newPassword',
    'currentPassword',
    'client_id',
    'userCode',
    'callbackURL',
    'rememberMe',
    'image',
    'scope',
  ]
  const bodies = Array.from({ length: 12 }, () =>
    Object.fromEntries(
      fields
        .filter(() => random.chance(0.7))
        .map((field) => [field, random.chance(0.3) ? random.pick(nastyTexts) : nasty(random)]),
    ),
  )
  const requests = paths.flatMap((path) =>
    bodies.map((body): Sent => ({
      method: 'POST',
      path: `/api/auth/${path}`,
      headers: { 'content-type': 'application/json', origin: world.server.url },
      body: JSON.stringify(body),
    })),
  )
  const wrong: string[] = []
  for (const sent of requests) {
    const { status, text } = await send(sent)
    if (status >= 500) wrong.push(`${sent.path} ${sent.body} ${text}`.slice(0, 1000))
  }
  expect(wrong).toEqual([])
  await isAlive()
})
