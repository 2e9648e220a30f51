import { randomBytes } from 'node:crypto'
import { api, ApiError, type Me } from '@berth/contracts'
import { rememberSignIn, signUp } from '../auth/people.ts'
import type { Context } from '../core/context.ts'
import { NotSignedInError } from '../core/errors.ts'
import { askText } from '../core/prompts.ts'
import { escapeText } from '../core/text.ts'

/**
 * The person who does the quickstart: the login that is there, or, on an installation that has no operator yet, a new
 * first account, whose random password is shown once. NotSignedInError when there is an operator but no login.
 */
export async function personFor(context: Context, email: string): Promise<{ me: Me; context: Context }> {
  const setup = await context.call(api.identity.setup, {})
  if (!setup.operatorClaimed) return firstAccount(context, email, setup.setupCodeRequired)
  if (!context.token) throw notSignedIn(context)
  try {
    return { me: await context.call(api.identity.me, {}), context }
  } catch (error) {
    if (error instanceof ApiError && error.problem.code === 'unauthenticated') throw notSignedIn(context)
    throw error
  }
}

async function firstAccount(context: Context, email: string, codeRequired: boolean) {
  const { out } = context
  const setupCode = codeRequired ? await setupCodeFromEnvironmentOrPrompt() : undefined
  const password = randomBytes(15).toString('base64url')
  const token = await signUp(context, { name: 'Operator', email, password }, setupCode)
  const signedIn = await rememberSignIn(context, token)
  out.done('Created the first account; it is the operator of this Berth.')
  out.say(`    e-mail    ${escapeText(email)}`)
  out.say(`    password  ${password}`)
  out.say('    (shown this once; keep it, you sign in to the console with it)')
  return signedIn
}

async function setupCodeFromEnvironmentOrPrompt(): Promise<string> {
  const given = process.env['BERTH_SETUP_CODE']?.trim()
  return given || askText('Set-up code (the server printed it at its start)', 'Set BERTH_SETUP_CODE to it.')
}

function notSignedIn(context: Context): NotSignedInError {
  return new NotSignedInError(
    `The Berth at ${context.url} has an operator already, and you are not signed in. Sign in, then try again.`,
  )
}
