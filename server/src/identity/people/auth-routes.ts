import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { problemCodes, type ProblemCode } from '@berth/contracts'
import { refuseOtherMethods } from '../../platform/http/methods.ts'
import type { Platform } from '../../platform/platform.ts'
import { notFound, Refusal } from '../../platform/problem.ts'
import { guessing } from '../account/tries.ts'
import { addressHeader, authPath, secondFactorHeader, type Auth } from './auth.ts'
import { drainOutbox } from './outbox.ts'
import { passSignIn, wrongSignIn } from './sign-in.ts'
import { demandSetupCode, setupCodeHeader } from './setup-code.ts'
import {
  checkSignUp,
  enter,
  entersAtOnce,
  prepareSignUp,
  signUpAside,
  unsaid,
  type SignUpContext,
} from './sign-up.ts'

/** What of better-auth is open: everything else below /api/auth is not there. */
const open: Record<string, 'GET' | 'POST'> = {
  '/sign-up/email': 'POST',
  '/sign-in/email': 'POST',
  '/sign-out': 'POST',
  '/get-session': 'GET',
  '/device/code': 'POST',
  '/device/token': 'POST',
  '/device': 'GET',
  '/device/approve': 'POST',
  '/device/deny': 'POST',
}

export interface AuthRouteOptions extends SignUpContext {
  auth: () => Promise<Auth>
  origins: () => ReadonlySet<string>
}

/** Mounts sign-up, sign-in, sign-out and device login below /api/auth. Refusals are problems, as everywhere. */
export function registerAuth(app: FastifyInstance, options: AuthRouteOptions): void {
  for (const [path, method] of Object.entries(open)) {
    app.route({
      method,
      url: authPath + path,
      schema: { hide: true },
      handler: (request, reply) => answer(path, request, reply, options),
    })
  }
  refuseOtherMethods(
    app,
    Object.entries(open).map(([path, method]) => ({ method, path: authPath + path })),
  )
}

async function answer(path: string, request: FastifyRequest, reply: FastifyReply, options: AuthRouteOptions) {
  refuseForeignOrigin(request, options.origins())
  const body = request.method === 'POST' ? bodyOf(request.body) : null
  if (path === '/sign-up/email') return signUp(body!, request, reply, options)
  const shown = path === '/sign-in/email' ? await passSignIn(options.account, body!, request.ip) : null
  const response = await ask(path, request, body, options, shown)
  return send(path, response, reply, options)
}

async function signUp(
  given: Record<string, unknown>,
  request: FastifyRequest,
  reply: FastifyReply,
  options: AuthRouteOptions,
) {
  const { account } = options
  const { platform, tries, aside } = account
  await demandSetupCode(platform, oneHeader(request, setupCodeHeader))
  const wish = checkSignUp(given)
  await tries.demand(`sign-up:${request.ip}`, guessing)
  const path = '/sign-in/email'
  const { email, password } = wish
  const made = await prepareSignUp(wish)
  const why = await entersAtOnce(options, wish)
  if (why === null) {
    aside(() => signUpAside(account, made))
  } else if (await enter(account, made, why)) {
    return send(path, await ask(path, request, { email, password }, options), reply, options)
  }
  return reply.header('cache-control', 'no-store').send(unsaid(made, platform.clock.now()))
}

/** What better-auth answers. */
async function ask(
  path: string,
  request: FastifyRequest,
  body: Record<string, unknown> | null,
  options: AuthRouteOptions,
  shown: string | null = null,
): Promise<Response> {
  const { platform, publicUrl } = options.account
  const auth = await options.auth()
  const forwarded = toRequest(path, request, body, publicUrl())
  if (shown !== null) forwarded.headers.set(secondFactorHeader, shown)
  const response = await auth.handler(forwarded)
  if (request.method === 'POST') await drainQuietly(platform)
  return response
}

/** A browser says where a request comes from; other pages have no business here, with a cookie or without. */
function refuseForeignOrigin(request: FastifyRequest, origins: ReadonlySet<string>): void {
  if (request.method === 'GET') return
  const { origin, cookie } = request.headers
  if (origin === undefined ? !cookie || request.headers.authorization : origins.has(origin)) return
  throw new Refusal('foreign_origin', 'This request does not come from a page of this server.')
}

/** The request as better-auth takes it, with the caller's address as we know it and not as the caller says. */
function toRequest(
  path: string,
  request: FastifyRequest,
  body: Record<string, unknown> | null,
  publicUrl: string,
): Request {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || dropped.has(name)) continue
    headers.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  if (headers.has('authorization')) headers.delete('cookie')
  headers.set(addressHeader, request.ip)
  const search = new URL(request.url, publicUrl).search
  const url = `${publicUrl}${authPath}${path}${search}`
  if (!body) return new Request(url, { headers })
  headers.set('content-type', 'application/json')
  if (!headers.has('origin')) headers.set('origin', new URL(publicUrl).origin)
  return new Request(url, { method: 'POST', headers, body: JSON.stringify(body) })
}

const dropped = new Set([
  'host',
  'content-length',
  'connection',
  'transfer-encoding',
  'x-forwarded-for',
  addressHeader,
  secondFactorHeader,
])

function bodyOf(body: unknown): Record<string, unknown> {
  if (body === undefined || body === null) return {}
  if (typeof body !== 'object' || Array.isArray(body)) {
    throw new Refusal('invalid_input', 'The body must be a JSON object.')
  }
  if (JSON.stringify(body).includes('\\u0000')) {
    throw new Refusal('invalid_input', 'Text must not contain NUL characters.')
  }
  return { ...body }
}

/** The events of this request stand in the log before it is answered; were it to fail, the timer tries again. */
async function drainQuietly(platform: Platform): Promise<void> {
  await drainOutbox(platform).catch((error: Error) =>
    platform.logger.warn({ err: error.message }, 'sign-in events wait for the log'),
  )
}

async function send(path: string, response: Response, reply: FastifyReply, options: AuthRouteOptions) {
  for (const cookie of response.headers.getSetCookie()) reply.header('set-cookie', cookie)
  for (const name of passed) {
    const value = response.headers.get(name)
    if (value !== null) reply.header(name, value)
  }
  reply.header('cache-control', 'no-store')
  const body = parsed(await response.text())
  if (response.ok)
    return reply.status(response.status).send(path === '/get-session' ? withoutToken(body) : body)
  const retryAfter = response.headers.get('x-retry-after')
  if (retryAfter) reply.header('retry-after', retryAfter)
  // Device login answers in the words of RFC 8628.
  if (typeof body?.['error'] === 'string') return reply.status(response.status).send(body)
  throw refusalOf(response.status, body, options.account.notifications.sendsMail)
}

const passed = ['set-auth-token', 'access-control-expose-headers']

type Json = Record<string, unknown> | null

function parsed(text: string): Json {
  try {
    return JSON.parse(text || 'null') as Json
  } catch {
    return null
  }
}

/** Who is signed in, without the means to sign in: a page has its cookie, which scripts cannot read. */
function withoutToken(body: Json): Json {
  if (!body?.['session']) return body
  const { token: _, ...session } = body['session'] as Record<string, unknown>
  return { ...body, session }
}

const byStatus: Record<number, ProblemCode> = {
  400: 'invalid_input',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  415: 'unsupported_media_type',
  422: 'invalid_input',
  429: 'rate_limited',
}

/** A refusal of better-auth in our words. */
function refusalOf(status: number, body: Json, sendsMail: boolean): Refusal {
  if (body?.['code'] === 'INVALID_EMAIL_OR_PASSWORD') return wrongSignIn(sendsMail)
  const code = byStatus[status] ?? 'internal'
  if (code === 'not_found') return notFound('address')
  if (code === 'rate_limited') return new Refusal(code, 'Too many tries; wait a minute and try again.')
  if (code === 'internal') return new Refusal(code, 'Signing in does not work right now; the log says why.')
  const message = body?.['message']
  return new Refusal(code, typeof message === 'string' && message ? message : problemCodes[code].title)
}

function oneHeader(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' ? value : undefined
}
