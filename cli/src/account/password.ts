import { api } from '@berth/contracts'
import { Command } from 'commander'
import { stdinOption, withAnswers } from '../core/answers.ts'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { escapeText } from '../core/text.ts'
import { tokenIn } from './email.ts'

interface Options {
  passwordStdin?: boolean
  revokeTokens?: boolean
}

const revokeOption = ['--revoke-tokens', 'revoke your API tokens, too; otherwise they go on working'] as const

export function changePassword(): Command {
  return does(
    new Command('password')
      .description('Change your password; every other sign-in of yours ends')
      .option(...revokeOption)
      .option(...stdinOption),
    async (context: Context, options: Options) => {
      const { revokeTokens = false } = options
      const body = await withAnswers(options, async ({ secret }) => ({
        currentPassword: await secret('Present password'),
        newPassword: await secret('New password'),
        revokeTokens,
      }))
      await context.call(api.account.changePassword, { body })
      if (context.out.json) return context.out.data({ changed: true })
      context.out.done(`Your password was changed; your other sign-ins were ended. ${said(revokeTokens)}`)
      if (!revokeTokens) context.out.next('mcpctl tokens list')
    },
  )
}

export function forgotPassword(): Command {
  return does(
    new Command('forgot').description('Ask for a link that sets a new password').argument('<e-mail>'),
    async (context: Context, _options: object, email: string) => {
      const { sendsMail } = await context.call(api.account.forgotPassword, { body: { email } })
      const { out } = context
      if (out.json) return out.data({ sendsMail })
      out.done(
        sendsMail
          ? `If there is an account with ${escapeText(email)}, a link was sent there.`
          : 'This Berth sends no e-mail: ask an operator for the link.',
      )
      out.next('mcpctl account reset')
    },
  )
}

export function resetPassword(): Command {
  return does(
    new Command('reset')
      .description('Set a new password with the link you were given; all your sign-ins end')
      .option(...revokeOption)
      .option(...stdinOption),
    async (context: Context, options: Options) => {
      const { revokeTokens = false } = options
      const body = await withAnswers(options, async ({ secret }) => ({
        token: tokenIn(await secret('The link')),
        newPassword: await secret('New password'),
        revokeTokens,
      }))
      await context.call(api.account.resetPassword, { body })
      if (context.out.json) return context.out.data({ reset: true })
      context.out.done(`Your new password is set, and all your sign-ins have ended. ${said(revokeTokens)}`)
      context.out.next('mcpctl login --email <address>')
    },
  )
}

const said = (revoked: boolean): string =>
  revoked ? 'Your API tokens are revoked.' : 'Your API tokens go on working.'
