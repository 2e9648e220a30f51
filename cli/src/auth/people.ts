import { ApiError, api, problem, type Me } from '@berth/contracts'
import { createContext, type Context } from '../core/context.ts'
import { askText } from '../core/prompts.ts'
import { exitCodes, CliError, NotSignedInError, RefusedError } from '../core/errors.ts'

/**
 * Signs a person in by e-mail and password, asking for the second factor where the account has one; the answer is
 * the session's token.
 */
export async function signInByEmail(
  context: Context,
  given: { email: string; password: string },
  askCode: () => Promise<string>,
): Promise<string> {
  const signIn = (body: object) => authRequest(context, '/api/auth/sign-in/email', body)
  try {
    return sessionToken((await signIn(given)).token)
  } catch (error) {
    if (!(error instanceof ApiError) || error.problem.code !== 'second_factor_required') throw error
    return sessionToken((await signIn({ ...given, code: await askCode() })).token)
  }
}

/**
 * Creates an account; the answer is the session's token. Null: nobody is signed in, and what there is to know was sent
 * to the address.
 */
export async function signUp(
  context: Context,
  account: { name: string; email: string; password: string },
  setupCode?: string,
): Promise<string | null> {
  const headers: Record<string, string> = setupCode ? { 'x-berth-setup-code': setupCode } : {}
  const { token } = await authRequest(context, '/api/auth/sign-up/email', account, headers)
  return token === null ? null : sessionToken(token)
}

/** The code that the first account of an exposed Berth needs, from the environment or by asking. */
export async function setupCodeFor(setup: { setupCodeRequired: boolean }): Promise<string | undefined> {
  if (!setup.setupCodeRequired) return undefined
  const given = process.env['BERTH_SETUP_CODE']?.trim()
  return given || askText('Set-up code (the server printed it at its start)', 'Set BERTH_SETUP_CODE to it.')
}

/** Ends the session of the token in use. */
export async function signOut(context: Context): Promise<void> {
  await authRequest(context, '/api/auth/sign-out', {}, { authorization: `Bearer ${context.token}` })
}

/**
 * Remembers a session for this Berth, with its only organization when there is just one.
 * Returns who signed in and a context that acts as them.
 */
export async function rememberSignIn(context: Context, token: string): Promise<{ me: Me; context: Context }> {
  const signedIn = withToken(context, token)
  const me = await signedIn.call(api.identity.me, {})
  const before = context.credentials.of(context.url)
  const same = me.organizations.some((organization) => organization.id === before.organizationId)
  context.credentials.signIn(context.url, same ? { ...before, token } : { token })
  return { me, context: signedIn }
}

/** The same context, acting with another token. */
export function withToken(context: Context, token: string): Context {
  return createContext({ ...context.options, url: context.url }, token)
}

/** A refusal of a sign-in route: its status, machine-readable code and sentence. */
export interface AuthRefusal {
  status: number
  code: string
  message: string
}

/** Sends one request to a sign-in route. Refusals are thrown as the error that fits. */
export async function authRequest(
  context: Context,
  path: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const answer = await tryAuthRequest(context, path, body, headers)
  if ('refusal' in answer) throw errorOf(answer.refusal)
  return answer.body
}

/** Like authRequest, but hands a refusal back. Berth's own problems (as for the set-up code) are thrown as ApiError. */
export async function tryAuthRequest(
  context: Context,
  path: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<{ body: Record<string, unknown> } | { refusal: AuthRefusal }> {
  const response = await context.fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  const value = await jsonOf(response)
  if (response.ok && value) return { body: value }
  const known = problem.safeParse(value)
  if (known.success) throw new ApiError(known.data)
  if (!value) {
    throw new CliError(
      exitCodes.unreachable,
      `${context.url} answered ${response.status} with something that is not Berth's. Is the address right?`,
    )
  }
  const { status } = response
  const code = textIn(value, 'error', 'code') ?? ''
  const message = textIn(value, 'error_description', 'message') ?? `It answered ${status}.`
  return { refusal: { status, code, message } }
}

/** The first of the named fields that holds a text. */
function textIn(value: Record<string, unknown>, ...names: string[]): string | undefined {
  for (const name of names) {
    const text = value[name]
    if (typeof text === 'string' && text) return text
  }
  return undefined
}

function errorOf(refusal: AuthRefusal): Error {
  if (refusal.status === 401) return new NotSignedInError(sentence(refusal.message))
  return new RefusedError(sentence(refusal.message))
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}

async function jsonOf(response: Response): Promise<Record<string, unknown> | undefined> {
  try {
    const value: unknown = JSON.parse((await response.text()) || '{}')
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function sessionToken(token: unknown): string {
  if (typeof token === 'string' && token) return token
  throw new RefusedError('The server signed nobody in.')
}
