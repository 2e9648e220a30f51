import { api, type Account } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { escapeText } from '../core/text.ts'
import { relativeTime } from '../core/time.ts'

export function showAccount(): Command {
  return does(
    new Command('show').description('Your account: address, second factor, what keeps it from being deleted'),
    async (context) => show(context, await context.call(api.account.get, {})),
  )
}

export function changeName(): Command {
  return does(
    new Command('name').description('Change your name').argument('<name>'),
    async (context: Context, _options: object, name: string) => {
      const account = await context.call(api.account.changeName, { body: { name } })
      if (context.out.json) return context.out.data(account)
      context.out.done(`Your name is ${escapeText(account.name)} now.`)
    },
  )
}

function show({ out }: Context, account: Account): void {
  if (out.json) return out.data(account)
  const { secondFactor } = account
  out.fields([
    ['name', account.name],
    ['e-mail', `${account.email} (${account.emailVerified ? 'confirmed' : 'not confirmed'})`],
    ['to be confirmed', account.pendingEmail],
    ['second factor', secondFactor.enabledAt ? `on, since ${relativeTime(secondFactor.enabledAt)}` : 'off'],
    ['recovery codes left', secondFactor.enabledAt ? secondFactor.recoveryCodesLeft : null],
    ['only owner of', account.soleOwnerOf.map(({ name }) => name).join(', ') || null],
    ['created', relativeTime(account.createdAt)],
    ['id', account.id],
  ])
}
