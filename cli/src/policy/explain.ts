import { api, type GateVerdict } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { organizationOf } from '../core/find.ts'
import type { Output } from '../core/output.ts'
import { escapeText } from '../core/text.ts'
import { relativeTime } from '../core/time.ts'
import { stateCell } from '../core/words.ts'

export function explainDecision(): Command {
  const command = new Command('explain')
    .description('One decision with its inputs, in words, gate by gate')
    .argument('<decision>', 'its id')
  return does(command, explain)
}

async function explain(context: Context, _options: object, decisionId: string): Promise<void> {
  const organizationId = await organizationOf(context)
  const decision = await context.call(api.policy.explain, { params: { organizationId, decisionId } })
  const { out } = context
  if (out.json) return out.data(decision)
  for (const sentence of decision.sentences) out.line(escapeText(sentence))
  out.line()
  out.fields([
    ['decision', decision.id],
    ['outcome', stateCell(decision.allowed ? 'allowed' : decision.verdict)],
    ['pending', decision.pendingStatus],
    ['deployment', decision.deploymentId],
    ['moment', decision.moment],
    ['when', relativeTime(decision.at)],
    ['inputs', decision.inputsDigest],
    ['policy', decision.policyVersion],
  ])
  out.line()
  printGates(out, decision.gates)
  out.next(`mcpctl policy replay ${decision.id}`, `mcpctl deployments show ${decision.deploymentId}`)
}

/** Prints what each gate said. */
export function printGates(out: Output, gates: GateVerdict[]): void {
  out.table(
    gates,
    [
      { title: 'gate', cell: (one) => one.gate },
      { title: 'verdict', cell: (one) => stateCell(one.verdict) },
      { title: 'pending', cell: (one) => one.pending ?? '' },
      { title: 'notes', cell: (one) => one.notes.join(', ') },
    ],
    'No gate had a say.',
  )
}
