import { Command } from 'commander'
import { codeQuestion, withAnswers } from '../core/answers.ts'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { UsageError } from '../core/errors.ts'
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
    .option(
      '--password-stdin',
      'read the password from stdin instead of asking, and the code of a second factor from its next line',
    )
  return does(command, login)
}

async function login(context: Context, options: LoginOptions): Promise<void> {
  const { email } = options
  if (options.passwordStdin && !email) throw new UsageError('--password-stdin needs --email.')
  const token = email
    ? await withAnswers(options, async ({ secret }) =>
        signInByEmail(context, { email, password: await secret('Password') }, () => secret(codeQuestion)),
      )
    : await signInByDevice(context)
  const { me } = await rememberSignIn(context, token)
  const { out } = context
  if (out.json) return out.data({ url: context.url, ...me })
  out.done(`Signed in to ${context.url} as ${escapeText(me.user?.email ?? 'a service')}.`)
  out.next(me.organizations.length === 0 ? 'mcpctl quickstart' : 'mcpctl deployments list')
}
