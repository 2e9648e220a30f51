import { api } from '@berth/contracts'
import { Command } from 'commander'
import { stdinOption, withAnswers } from '../core/answers.ts'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { escapeText } from '../core/text.ts'

interface Options {
  passwordStdin?: boolean
}

export function changeEmail(): Command {
  return does(
    new Command('email')
      .description('Change your e-mail address, or confirm the present one by naming it again')
      .argument('<address>')
      .option(...stdinOption),
    change,
  )
}

async function change(context: Context, options: Options, email: string): Promise<void> {
  const account = await withAnswers(options, async ({ secret }) =>
    context.call(api.account.changeEmail, { body: { email, password: await secret('Password') } }),
  )
  const { out } = context
  if (out.json) return out.data(account)
  if (account.pendingEmail)
    return out.done(`A link was sent to ${escapeText(account.pendingEmail)}; open it.`)
  out.done(`Your e-mail address is ${escapeText(account.email)} now.`)
}

export function confirmEmail(): Command {
  return does(
    new Command('confirm-email')
      .description(
        'Confirm an e-mail address with the link that was sent there and the password of the account',
      )
      .option(...stdinOption),
    async (context: Context, options: Options) => {
      const confirmed = await withAnswers(options, async ({ secret }) =>
        context.call(api.account.confirmEmail, {
          body: { token: tokenIn(await secret('The link')), password: await secret('Password') },
        }),
      )
      if (context.out.json) return context.out.data(confirmed)
      context.out.done(`${escapeText(confirmed.email)} is confirmed.`)
      context.out.next(`mcpctl login --email ${escapeText(confirmed.email)}`)
    },
  )
}

export function resendConfirmation(): Command {
  return does(
    new Command('resend-confirmation')
      .description('Send the link that confirms an e-mail address again')
      .argument('<address>'),
    async (context: Context, _options: object, email: string) => {
      const answer = await context.call(api.account.resendConfirmation, { body: { email } })
      const { out } = context
      if (out.json) return out.data(answer)
      if (!answer.sendsMail)
        return out.done('This Berth sends no e-mail: addresses need not be confirmed here.')
      out.done(`If ${escapeText(email)} waits to be confirmed, another link is on its way there.`)
    },
  )
}

/** The secret of a link, given whole or alone. */
export const tokenIn = (link: string): string => link.trim().split('#token=').at(-1)!
