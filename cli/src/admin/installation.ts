import { amount, api } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { RefusedError } from '../core/errors.ts'
import { escapeText } from '../core/text.ts'
import { relativeTime } from '../core/time.ts'
import { stateCell } from '../core/words.ts'

/** `mcpctl admin runners` */
export function runnersCommand(): Command {
  return does(
    new Command('runners').description('The processes of the installation, and what their machines enforce'),
    runners,
  )
}

/** `mcpctl admin health` */
export function healthCommand(): Command {
  return does(
    new Command('health').description('How each part does; ends with 1 when one of them is down'),
    health,
  )
}

async function runners({ call, out }: Context): Promise<void> {
  const { items } = await call(api.operator.listRunners, {})
  if (out.json) return out.data({ items })
  out.table(
    items,
    [
      { title: 'runner', cell: (one) => one.id },
      { title: 'state', cell: (one) => stateCell(one.state) },
      { title: 'host', cell: (one) => one.host },
      { title: 'roles', cell: (one) => one.roles.join(', ') },
      { title: 'version', cell: (one) => one.version },
      { title: 'heard', cell: (one) => relativeTime(one.lastBeatAt) },
      { title: 'deployments', cell: (one) => one.deployments },
      { title: 'processes', cell: (one) => one.instances },
    ],
    'No process of this installation has been heard in the last hour.',
  )
  for (const { id, capabilities } of items)
    for (const { ok, sentence } of capabilities) if (!ok) out.say(escapeText(`${id}: ${sentence}`))
}

async function health({ call, out }: Context): Promise<void> {
  const read = await call(api.operator.health, {})
  if (out.json) out.data(read)
  else {
    out.table(
      read.parts,
      [
        { title: 'part', cell: (one) => one.part },
        { title: 'state', cell: (one) => stateCell(one.state) },
        { title: 'finding', cell: (one) => one.sentence },
        {
          title: 'figures',
          cell: (one) =>
            one.facts.map(({ name, value, unit }) => `${name} ${amount(value, unit)}`).join(' · '),
        },
      ],
      '',
    )
    for (const { part, remedy } of read.parts) if (remedy) out.say(`${part}: ${escapeText(remedy)}`)
  }
  const down = read.parts.filter(({ state }) => state === 'down').map(({ part }) => part)
  if (down.length > 0) throw new RefusedError(`To be mended: ${down.join(', ')}.`)
}
