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
        'Confirm an e-mail address with what stands behind `#token=` in the link that was sent there',
      )
      .option(...stdinOption),
    async (context: Context, options: Options) => {
      const confirmed = await withAnswers(options, async ({ secret }) =>
        context.call(api.account.confirmEmail, { body: { token: tokenIn(await secret('The link')) } }),
      )
      if (context.out.json) return context.out.data(confirmed)
      context.out.done(`${escapeText(confirmed.email)} is confirmed.`)
    },
  )
}

/** The secret of a link, given whole or alone. */
export const tokenIn = (link: string): string => link.trim().split('#token=').at(-1)!
