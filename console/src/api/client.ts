import { ApiError, createClient, type ProblemCode, UnreachableError } from '@berth/contracts'
import type { ErrorFacts } from '../ui/ErrorPanel.tsx'
import { SignInError } from './auth.ts'

/** The API on the address that the console came from; the session cookie goes along. */
export const client = createClient({ baseUrl: window.location.origin })
export const call = client.call

/** The facts of any failure that a person should see. */
export function factsOf(error: unknown): ErrorFacts {
  if (error instanceof ApiError) {
    const { detail, code, requestId } = error.problem
    return { sentence: detail, code, requestId }
  }
  if (error instanceof SignInError) return { sentence: error.message, code: error.code }
  if (error instanceof UnreachableError) return { sentence: error.message, code: 'unreachable' }
  return { sentence: error instanceof Error ? error.message : 'Something went wrong in this page.' }
}

/** Whether the API refused for this reason. */
export function isCode(error: unknown, code: ProblemCode): boolean {
  return error instanceof ApiError && error.problem.code === code
}

/** Whether the server said that nobody is signed in. */
export const isSignedOut = (error: unknown): boolean => isCode(error, 'unauthenticated')

/** The faults of single fields, as sentences: `body.config.path` → `config.path`. */
export function fieldFaultsOf(error: unknown): Record<string, string> {
  if (!(error instanceof ApiError)) return {}
  const faults: Record<string, string> = {}
  for (const { path, message } of error.problem.errors ?? []) {
    const name = path
      .replace(/^\//, '')
      .replaceAll('/', '.')
      .replace(/^body\./, '')
    faults[name] ??= sentenceOf(message)
  }
  return faults
}

const sentenceOf = (words: string): string =>
  words.charAt(0).toUpperCase() + words.slice(1) + (/[.!?]$/.test(words) ? '' : '.')

/** A key for `Idempotency-Key`: the same while the body stays the same, so that trying again cannot do it twice. */
export function createIdempotencyKeys(): (body: unknown) => string {
  let last = { body: '', key: '' }
  return (body) => {
    const text = JSON.stringify(body)
    if (text !== last.body) last = { body: text, key: randomKey() }
    return last.key
  }
}

function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
