import { api } from '@berth/contracts'
import { Command } from 'commander'
import { codeQuestion, stdinOption, withAnswers } from '../core/answers.ts'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { confirmed } from '../core/prompts.ts'

interface Options {
  yes?: boolean
  passwordStdin?: boolean
}

export function deleteAccount(): Command {
  return does(
    new Command('delete')
      .description(
        'Delete your account for good: sign-ins, tokens and memberships end, personal data is erased',
      )
      .option('--yes', 'do not ask')
      .option(...stdinOption),
    remove,
  )
}

async function remove(context: Context, options: Options): Promise<void> {
  const { secondFactor, email } = await context.call(api.account.get, {})
  await confirmed(options.yes, `Delete the account ${email} for good?`)
  const body = await withAnswers(options, async ({ secret }) => ({
    password: await secret('Password'),
    ...(secondFactor.enabledAt && { code: await secret(codeQuestion) }),
  }))
  await context.call(api.account.delete, { body })
  context.credentials.forget(context.url)
  if (context.out.json) return context.out.data({ deleted: true })
  context.out.done('Your account is deleted.')
}
