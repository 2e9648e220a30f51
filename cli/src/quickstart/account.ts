import { randomBytes } from 'node:crypto'
import { api, ApiError, type Me } from '@berth/contracts'
import { rememberSignIn, setupCodeFor, signUp } from '../auth/people.ts'
import type { Context } from '../core/context.ts'
import { NotSignedInError, RefusedError } from '../core/errors.ts'
import { escapeText } from '../core/text.ts'

/**
 * The person who does the quickstart: the login that is there, or, on an installation that has no operator yet, a new
 * first account, whose random password is shown once. NotSignedInError when there is an operator but no login.
 */
export async function personFor(context: Context, email: string): Promise<{ me: Me; context: Context }> {
  const setup = await context.call(api.identity.setup, {})
  if (!setup.operatorClaimed) return firstAccount(context, email, setup)
  if (!context.token) throw notSignedIn(context)
  try {
    return { me: await context.call(api.identity.me, {}), context }
  } catch (error) {
    if (error instanceof ApiError && error.problem.code === 'unauthenticated') throw notSignedIn(context)
    throw error
  }
}

async function firstAccount(context: Context, email: string, setup: { setupCodeRequired: boolean }) {
  const { out } = context
  const setupCode = await setupCodeFor(setup)
  const password = randomBytes(15).toString('base64url')
  const token = await signUp(context, { name: 'Operator', email, password }, setupCode)
  if (token === null) throw new RefusedError('Somebody else became the operator meanwhile.', 'mcpctl login')
  const signedIn = await rememberSignIn(context, token)
  out.done('Created the first account; it is the operator of this Berth.')
  out.say(`    e-mail    ${escapeText(email)}`)
  out.say(`    password  ${password}`)
  out.say('    (shown this once; keep it, you sign in to the console with it)')
  return signedIn
}

function notSignedIn(context: Context): NotSignedInError {
  return new NotSignedInError(
    `The Berth at ${context.url} has an operator already, and you are not signed in. Sign in, then try again.`,
  )
}
