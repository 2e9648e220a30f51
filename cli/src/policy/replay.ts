import { api } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { RefusedError } from '../core/errors.ts'
import { organizationOf } from '../core/find.ts'
import { printGates } from './explain.ts'

export function replayDecision(): Command {
  const command = new Command('replay')
    .description('Decide again from the stored inputs and compare')
    .argument('<decision>', 'its id')
  return does(command, replay)
}

async function replay(context: Context, _options: object, decisionId: string): Promise<void> {
  const organizationId = await organizationOf(context)
  const answer = await context.call(api.policy.replay, { params: { organizationId, decisionId } })
  const { out } = context
  if (out.json) out.data(answer)
  else printGates(out, answer.gates)
  if (!answer.inputsIntact) throw new RefusedError('The stored inputs are not those that were hashed.')
  if (!answer.same) throw new RefusedError('Decided anew, the same inputs give another outcome.')
  if (!out.json) out.done('Decided anew from the stored inputs: the same outcome.')
}
