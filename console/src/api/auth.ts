import { ApiError, problem, UnreachableError } from '@berth/contracts'
import { z } from 'zod'

/** What the sign-in part answers when it refuses; it speaks its own dialect below /api/auth. */
const refusal = z.object({
  message: z.string().optional(),
  code: z.string().optional(),
  error: z.string().optional(),
  error_description: z.string().optional(),
})

/** A refusal by the sign-in part. */
export class SignInError extends Error {
  readonly code: string
  readonly status: number
  constructor(sentence: string, code: string, status: number) {
    super(sentence)
    this.name = 'SignInError'
    this.code = code
    this.status = status
  }
}

async function send(
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
) {
  let response: Response
  try {
    response = await fetch(`/api/auth${path}`, {
      method,
      credentials: 'same-origin',
      headers: {
        accept: 'application/json',
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...headers,
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
  } catch (cause) {
    throw new UnreachableError(`Berth does not answer at ${window.location.origin}.`, { cause })
  }
  const answer: unknown = await response.json().catch(() => null)
  if (response.ok) return answer
  throw refusalOf(answer, response)
}

function refusalOf(answer: unknown, response: Response): Error {
  const ours = problem.safeParse(answer)
  if (ours.success) return new ApiError(ours.data)
  const theirs = refusal.safeParse(answer).data
  const sentence = theirs?.message ?? theirs?.error_description
  const code = theirs?.code ?? theirs?.error ?? String(response.status)
  if (response.status === 429) {
    const seconds = response.headers.get('x-retry-after') ?? response.headers.get('retry-after')
    return new SignInError(
      `Too many tries. ${seconds ? `Try again in ${seconds} s.` : 'Wait a moment and try again.'}`,
      'rate_limited',
      429,
    )
  }
  return new SignInError(sentence ?? `The server answered ${response.status}.`, code, response.status)
}

export interface SignUp {
  name: string
  email: string
  password: string
  /** The code that the server printed; only the first account of a host that is not loopback needs it. */
  setupCode?: string | undefined
  /** The secret of an invitation that was mailed to this address: it proves the address. */
  invitation?: string | undefined
}

const signedUp = z.object({ token: z.string().nullable() })

/** Whether the person is signed in now; otherwise a letter is on its way to them. */
export async function signUp({ setupCode, ...body }: SignUp): Promise<boolean> {
  const headers: Record<string, string> = setupCode ? { 'x-berth-setup-code': setupCode.trim() } : {}
  const answer = await send('POST', '/sign-up/email', body, headers)
  return signedUp.parse(answer).token !== null
}

export interface SignIn {
  email: string
  password: string
  /** Six digits of the authenticator app or a recovery code, where the account asks for it. */
  code?: string
}

export async function signIn(body: SignIn): Promise<void> {
  await send('POST', '/sign-in/email', body)
}

/** Whether the password was right and only the code is missing, or wrong. */
export function needsSecondFactor(error: unknown): boolean {
  return error instanceof ApiError && error.problem.code === 'second_factor_required'
}

export async function signOut(): Promise<void> {
  await send('POST', '/sign-out', {})
}

const deviceRequest = z.object({ user_code: z.string(), status: z.string() })

/** What became of a device's request to sign in: `pending`, `approved` or `denied`. */
export async function readDeviceRequest(userCode: string): Promise<{ status: string }> {
  try {
    const answer = await send('GET', `/device?user_code=${encodeURIComponent(userCode)}`)
    return { status: deviceRequest.parse(answer).status }
  } catch (error) {
    if (!(error instanceof SignInError) || error.code === 'rate_limited') throw error
    const sentence = 'No command line waits with this code, or its time is over. Run mcpctl login again.'
    throw new SignInError(sentence, error.code, error.status)
  }
}

export async function answerDevice(userCode: string, answer: 'approve' | 'deny'): Promise<void> {
  await send('POST', `/device/${answer}`, { userCode })
}
