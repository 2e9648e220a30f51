import { api } from '@berth/contracts'
import { Command } from 'commander'
import { codeQuestion, stdinOption, withAnswers } from '../core/answers.ts'
import { does, noun } from '../core/command.ts'
import type { Context } from '../core/context.ts'

interface Options {
  passwordStdin?: boolean
}

/** `mcpctl account totp` */
export function totpCommand(): Command {
  return noun('totp', 'The second factor: codes of an authenticator app', [
    does(
      new Command('enable')
        .description(
          'Begin with a second factor: prints the secret for the app, and goes on to confirm a code',
        )
        .option(...stdinOption),
      enable,
    ),
    does(
      new Command('confirm')
        .description('Turn the second factor on with a first code of the app; prints the recovery codes')
        .option(...stdinOption),
      (context: Context, options: Options) => confirm(context, options),
    ),
    does(
      new Command('recovery-codes')
        .description('Make new recovery codes; the old ones are worth nothing from then on')
        .option(...stdinOption),
      renew,
    ),
    does(new Command('disable').description('Turn the second factor off').option(...stdinOption), disable),
  ])
}

async function enable(context: Context, options: Options): Promise<void> {
  const enrolled = await withAnswers(options, async ({ secret }) =>
    context.call(api.account.enrolTotp, { body: { password: await secret('Password') } }),
  )
  const { out } = context
  if (out.json) out.data(enrolled)
  else {
    out.say('Give this secret to your authenticator app (or this address, as a QR code):')
    out.line(enrolled.secret)
    out.say(enrolled.uri)
  }
  if (options.passwordStdin || !out.interactive) return out.next('mcpctl account totp confirm')
  await confirm(context, {})
}

async function confirm(context: Context, options: Options): Promise<void> {
  const { recoveryCodes } = await withAnswers(options, async ({ secret }) =>
    context.call(api.account.confirmTotp, { body: { code: await secret('Code that the app shows') } }),
  )
  showCodes(context, recoveryCodes, 'The second factor is on: signing in takes a code from now on.')
}

const both = (options: Options) =>
  withAnswers(options, async ({ secret }) => ({
    password: await secret('Password'),
    code: await secret(codeQuestion),
  }))

async function renew(context: Context, options: Options): Promise<void> {
  const body = await both(options)
  const { recoveryCodes } = await context.call(api.account.renewRecoveryCodes, { body })
  showCodes(context, recoveryCodes, 'The old recovery codes are worth nothing now.')
}

function showCodes({ out }: Context, recoveryCodes: string[], sentence: string): void {
  if (out.json) return out.data({ recoveryCodes })
  out.done(sentence)
  out.say('Recovery codes, shown this once. Each signs in once when you do not have the app:')
  for (const code of recoveryCodes) out.line(code)
}

async function disable(context: Context, options: Options): Promise<void> {
  await context.call(api.account.disableTotp, { body: await both(options) })
  if (context.out.json) return context.out.data({ enabled: false })
  context.out.done('The second factor is off: signing in takes the password alone.')
}
