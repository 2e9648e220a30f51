import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { UsageError } from '../core/errors.ts'
import { askSecret, readStdin } from '../core/prompts.ts'
import { escapeText } from '../core/text.ts'
import { signInByDevice } from './device.ts'
import { rememberSignIn, signInByEmail } from './people.ts'

interface LoginOptions {
  email?: string
  passwordStdin?: boolean
}

/** `mcpctl login`: by a code that is confirmed in the browser, or by e-mail and password. */
export function loginCommand(): Command {
  const command = new Command('login')
    .description('Sign in: with a code that you confirm in the browser, or with --email')
    .option('--email <address>', 'sign in with this e-mail address and a password')
    .option('--password-stdin', 'read the password from stdin instead of asking')
  return does(command, login)
}

async function login(context: Context, options: LoginOptions): Promise<void> {
  if (options.passwordStdin && !options.email) throw new UsageError('--password-stdin needs --email.')
  const token = options.email
    ? await signInByEmail(context, options.email, await passwordOf(options))
    : await signInByDevice(context)
  const { me } = await rememberSignIn(context, token)
  const { out } = context
  if (out.json) return out.data({ url: context.url, ...me })
  out.done(`Signed in to ${context.url} as ${escapeText(me.user?.email ?? 'a service')}.`)
  out.next(me.organizations.length === 0 ? 'mcpctl quickstart' : 'mcpctl deployments list')
}

async function passwordOf(options: LoginOptions): Promise<string> {
  if (options.passwordStdin) return readStdin()
  return askSecret('Password', 'Pipe the password and add --password-stdin.')
}
