import { amount, api } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'

/** `mcpctl limits` */
export function limitsCommand(): Command {
  return does(
    new Command('limits').description('How much you may ask of Berth, and how much of it is left'),
    limits,
  )
}

async function limits({ call, out }: Context): Promise<void> {
  const read = await call(api.limits.mine, {})
  if (out.json) return out.data(read)
  const { requests, fixed } = read
  out.table(
    fixed,
    [
      { title: 'limit', cell: (one) => one.name },
      { title: 'value', cell: (one) => amount(one.value, one.unit) },
      { title: 'meaning', cell: (one) => one.sentence },
    ],
    '',
  )
  out.say(
    requests
      ? `${requests.left} of ${requests.limit} requests are left; all of them are in ${requests.resetsInSeconds} s.`
      : 'Requests to the API are not limited here.',
  )
}
