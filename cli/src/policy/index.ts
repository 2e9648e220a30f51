import type { Command } from 'commander'
import { noun } from '../core/command.ts'
import { listDecisions } from './decisions.ts'
import { explainDecision } from './explain.ts'
import { replayDecision } from './replay.ts'

/** `mcpctl policy` */
export function policyCommand(): Command {
  return noun('policy', 'What was decided, and why', [listDecisions(), explainDecision(), replayDecision()])
}
