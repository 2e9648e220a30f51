/** From facts to verdicts: pure, and the same every time. */
import type { GateVerdict, Moment, PendingStatus, Verdict } from '@berth/contracts'
import type { AnyGate, Fact, Finding } from '../platform/gate.ts'

/** All that a decision rests on; kept with it, so that it can be taken again. */
export interface Inputs {
  organizationId: string
  deploymentId: string
  moment: Moment
  /** When it is decided, ISO 8601: facts may have been unavailable for some time. */
  at: string
  /** By gate, then by fact. */
  facts: Record<string, Record<string, Fact<unknown>>>
}

export interface ExplainedVerdict extends GateVerdict {
  /** What was found, what follows by itself and what the reader can do, one entry a finding. */
  sentences: { verdict: Verdict; text: string }[]
}

export interface Judgement {
  allowed: boolean
  verdict: Verdict
  gates: ExplainedVerdict[]
  notes: string[]
  pendingStatus: PendingStatus | null
}

const severity: Record<Verdict, number> = { pass: 0, hold: 1, veto: 2 }

export function worst(verdicts: readonly Verdict[]): Verdict {
  return verdicts.reduce<Verdict>((a, b) => (severity[b] > severity[a] ? b : a), 'pass')
}

/** Runs all gates. The worst verdict wins; the first gate in order that does not pass names what is waited for. */
export function judge(gates: readonly AnyGate[], inputs: Inputs): Judgement {
  const verdicts = gates.map((gate) => judgeGate(gate, inputs))
  const verdict = worst(verdicts.map((one) => one.verdict))
  return {
    allowed: verdict === 'pass',
    verdict,
    gates: verdicts,
    notes: verdicts.flatMap((one) => one.notes),
    pendingStatus: verdicts.find((one) => one.verdict !== 'pass')?.pending ?? null,
  }
}

function judgeGate(gate: AnyGate, inputs: Inputs): ExplainedVerdict {
  const facts = inputs.facts[gate.name] ?? {}
  const findings: Finding[] = []
  const knownFacts: Record<string, unknown> = {}
  for (const name of Object.keys(gate.rules)) {
    const fact = facts[name] ?? { state: 'not-yet' }
    if (fact.state === 'known') knownFacts[name] = fact.value
    else findings.push(withoutFact(gate, name, fact, inputs))
  }
  findings.push(...gate.decide(knownFacts as never, inputs.moment))
  const verdict = worst(findings.map((finding) => finding.verdict))
  return {
    gate: gate.name,
    verdict,
    notes: findings.map((finding) => finding.note),
    pending: verdict === 'pass' ? null : pendingOf(findings, verdict),
    sentences: findings.map((finding) => ({
      verdict: finding.verdict,
      text: finding.next ? `${finding.sentence} ${finding.next}` : finding.sentence,
    })),
  }
}

/** Of the worst findings the first names what is waited for. */
function pendingOf(findings: Finding[], verdict: Verdict): PendingStatus {
  return findings.find((finding) => finding.verdict === verdict)?.pending ?? 'pending-rule'
}

/** What the absence of a fact means: by the gate's table when it has not come to be, by its patience when it cannot be told. */
function withoutFact(
  gate: AnyGate,
  name: string,
  fact: Exclude<Fact<unknown>, { state: 'known' }>,
  { moment, at }: Inputs,
): Finding {
  const { title, notYet, graceMs, pending } = gate.rules[name]!
  if (fact.state === 'not-yet') {
    const verdict = notYet[moment]
    const next =
      verdict === 'pass'
        ? 'It comes to be during the launch.'
        : 'It is decided again by itself once that is known.'
    return {
      verdict,
      note: `${gate.name}:${name}:not-yet`,
      sentence: `${title} is not known yet.`,
      next,
      pending,
    }
  }
  const ends = new Date(fact.since).getTime() + graceMs
  const patient = moment === 'running' && new Date(at).getTime() < ends
  return {
    verdict: patient ? 'pass' : 'hold',
    note: `${gate.name}:${name}:unavailable`,
    sentence: `${title} cannot be told since ${fact.since}: ${fact.reason}.`,
    next: patient
      ? `What runs may go on until ${new Date(ends).toISOString()}.`
      : 'It is decided again by itself once that can be told.',
    pending,
  }
}

/** Which gates decided, in order, each with its version. */
export function versionOf(gates: readonly AnyGate[]): string {
  return gates.map((gate) => `${gate.name}@${gate.version}`).join(' ')
}
