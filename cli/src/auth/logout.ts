import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { NotSignedInError } from '../core/errors.ts'
import { signOut, withToken } from './people.ts'

/** `mcpctl logout`: ends the session at the server and forgets it here. */
export function logoutCommand(): Command {
  return does(new Command('logout').description('Sign out: the session ends at the server, too'), logout)
}

async function logout(context: Context): Promise<void> {
  const { token } = context.credentials.of(context.url)
  if (!token) throw new NotSignedInError(`You are not signed in at ${context.url}.`)
  context.credentials.forget(context.url)
  try {
    await signOut(withToken(context, token))
  } catch (error) {
    if (!(error instanceof NotSignedInError)) {
      context.out.say('Forgotten here, but the session could not be ended at the server.')
      throw error
    }
  }
  if (context.out.json) return context.out.data({ url: context.url, signedOut: true })
  context.out.done(`Signed out of ${context.url}.`)
}
