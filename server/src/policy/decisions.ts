import type { Decision, GateVerdict, Moment } from '@berth/contracts'
import { sha256Hex } from '../platform/crypto.ts'
import type { Queryable } from '../platform/db/database.ts'
import type { AnyGate, Fact } from '../platform/gate.ts'
import type { Reach } from '../platform/http/principal.ts'
import { newId } from '../platform/ids.ts'
import { canonical } from '../platform/log/leaf.ts'
import type { Tx } from '../platform/mutate.ts'
import { notFound } from '../platform/problem.ts'
import { checkCall, type CallQuestion, type CallVerdict } from './check-call.ts'
import { judge, versionOf, type Inputs, type Judgement } from './judge.ts'
import {
  findDecision,
  findSituation,
  insertDecision,
  toDecision,
  toGateVerdict,
  type DecisionRow,
  type Situation,
} from './store.ts'

export interface Question {
  organizationId: string
  deploymentId: string
  moment: Moment
  /** Facts that only the caller knows; they stand in place of those of the same gate and name. */
  extraFacts?: Record<string, Record<string, Fact<unknown>>>
}

export interface Explained extends Decision {
  inputs: Record<string, unknown>
  /** First the whole in a sentence, then gate by gate. */
  sentences: string[]
}

/** The installation's policy: its gates in order, and what they decide. */
export interface Policy {
  gates: readonly AnyGate[]
  version: string
  /** What policy would say now, kept nowhere. One statement. 404 when the organization has no such deployment. */
  judge(db: Queryable, question: Question, at: Date): Promise<Judgement & { inputs: Inputs }>
  /**
   * Decides and keeps the decision with its inputs. When a deployment that may not run, or that goes on running, is
   * decided just as before, the decision before is given again: nothing is written and nothing is told.
   */
  decide(tx: Tx, question: Question): Promise<Decision>
  /**
   * Asks the database, for tiers that demand it on every call, whether a call may be passed on now: the caller's
   * credential holds, the deployment runs, and no gate objects. One statement.
   */
  checkCall(db: Queryable, question: CallQuestion, now: Date): Promise<CallVerdict>
  /** A decision in words; 404 when the organization has none of this id. */
  explain(db: Queryable, organizationId: string, decisionId: string, reach?: Reach): Promise<Explained>
  /** Takes a decision again from its inputs. `inputsIntact`: their digest is the one that was kept and logged. */
  replay(
    db: Queryable,
    organizationId: string,
    decisionId: string,
    reach?: Reach,
  ): Promise<{ same: boolean; inputsIntact: boolean; gates: GateVerdict[] }>
}

export function createPolicy(registered: readonly AnyGate[]): Policy {
  const gates = [...registered]
  const version = versionOf(gates)

  async function look(db: Queryable, question: Question, at: Date) {
    const { organizationId, deploymentId, moment } = question
    const situation = await findSituation(db, gates, organizationId, deploymentId)
    if (!situation) throw notFound('deployment')
    const facts = merge(situation.facts, question.extraFacts)
    const inputs: Inputs = { organizationId, deploymentId, moment, at: at.toISOString(), facts }
    return { situation, inputs, judgement: judge(gates, inputs) }
  }

  return {
    gates,
    version,
    judge: async (db, question, at) => {
      const { inputs, judgement } = await look(db, question, at)
      return { ...judgement, inputs }
    },
    decide: async (tx, question) => {
      const { situation, inputs, judgement } = await look(tx.db, question, tx.now)
      const { previous } = situation
      if (previous && isOldNews(previous, judgement, question.moment)) {
        return toDecision({ ...previous, at: new Date(previous.at) })
      }
      const row: DecisionRow = {
        id: newId('decision'),
        ...judgement,
        organizationId: question.organizationId,
        deploymentId: question.deploymentId,
        moment: question.moment,
        inputs,
        inputsDigest: digestOf(inputs),
        policyVersion: version,
        at: tx.now,
      }
      await insertDecision(tx.db, row)
      tell(tx, situation, row)
      return toDecision(row)
    },
    checkCall: (db, question, now) => checkCall(db, gates, question, now),
    explain: async (db, organizationId, decisionId, reach) => {
      const row = await decisionOf(db, organizationId, decisionId, reach)
      return { ...toDecision(row), inputs: { ...row.inputs }, sentences: sentencesOf(row) }
    },
    replay: async (db, organizationId, decisionId, reach) => {
      const row = await decisionOf(db, organizationId, decisionId, reach)
      // A gate that came since has no say in what was decided without it.
      const heard = gates.filter(({ name }) => name in row.inputs.facts)
      const again = judge(heard, row.inputs).gates.map(toGateVerdict)
      return {
        same: canonical(again) === canonical(row.gates.map(toGateVerdict)),
        inputsIntact: digestOf(row.inputs) === row.inputsDigest,
        gates: again,
      }
    },
  }
}

async function decisionOf(
  db: Queryable,
  organizationId: string,
  id: string,
  reach?: Reach,
): Promise<DecisionRow> {
  const row = await findDecision(db, organizationId, id, reach)
  if (!row) throw notFound('decision')
  return row
}

function merge(facts: Inputs['facts'], extra: Question['extraFacts']): Inputs['facts'] {
  if (!extra) return facts
  const merged = { ...facts }
  for (const [gate, more] of Object.entries(extra)) merged[gate] = { ...merged[gate], ...more }
  return merged
}

/** SHA-256 over the canonical inputs. */
function digestOf(inputs: Inputs): string {
  return sha256Hex(canonical(inputs))
}

/** Every launch that goes ahead has a decision of its own; everything else only when something changed. */
function isOldNews(previous: NonNullable<Situation['previous']>, now: Judgement, moment: Moment): boolean {
  if (now.allowed && moment !== 'running') return false
  return (
    previous.allowed === now.allowed &&
    previous.verdict === now.verdict &&
    previous.pendingStatus === now.pendingStatus &&
    canonical(previous.gates) === canonical(now.gates)
  )
}

function tell(tx: Tx, { workspaceId }: Situation, row: DecisionRow): void {
  tx.emit(row.organizationId, 'decision.made', {
    workspaceId,
    deploymentId: row.deploymentId,
    decisionId: row.id,
    moment: row.moment,
    allowed: row.allowed,
    notes: row.notes,
    pendingStatus: row.pendingStatus,
    inputsDigest: row.inputsDigest,
  })
}

const askedFor: Record<Moment, string> = {
  launch: 'The launch',
  relaunch: 'The relaunch',
  running: 'Going on running',
  call: 'The call',
}

function sentencesOf({ moment, verdict, gates, pendingStatus }: DecisionRow): string[] {
  const blocking = gates.filter((gate) => gate.verdict !== 'pass').map((gate) => gate.gate)
  const by = `by the ${blocking.length > 1 ? 'gates' : 'gate'} ${blocking.join(' and ')}`
  const whole = {
    pass: `${askedFor[moment]} was allowed: every gate passes.`,
    hold: `${askedFor[moment]} was held (${pendingStatus}) ${by}. It is decided again by itself when something changes.`,
    veto: `${askedFor[moment]} was refused (${pendingStatus}) ${by}.`,
  }[verdict]
  return [whole, ...gates.flatMap((gate) => wordsOf(gate))]
}

function wordsOf({ gate, verdict, sentences }: DecisionRow['gates'][number]): string[] {
  if (sentences.length === 0) return [`${gate} (${verdict}): nothing was found against it.`]
  return sentences.map((one) => `${gate} (${one.verdict}): ${one.text}`)
}
