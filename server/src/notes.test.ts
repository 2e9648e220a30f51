import { expect, test } from 'vitest'
import { moment, notes, type NotePattern } from '@berth/contracts'
import { gates } from './app.ts'
import type { BillingFacts } from './billing/gate.ts'
import type { OrganizationFacts } from './organizations/gate.ts'
import type { AnyGate, Finding } from './platform/gate.ts'
import { judge } from './policy/judge.ts'
import type { CapabilityFacts } from './runtime/gate.ts'
import type { TrustFacts } from './trust/gate.ts'

/** For every gate, facts that lead to all that it can find. */
const samples: Record<string, object[]> = {
  organization: (['active', 'suspended', 'closed'] as const).map((state) => ({
    state: { state, reason: null },
  })) satisfies Partial<OrganizationFacts>[],
  trust: [
    { release: { state: 'blocked', version: '1' } },
    { release: { state: 'yanked', version: '1' } },
    { quarantine: { active: true } },
    { artifact: { ok: true, digest: null, detail: null } },
    { artifact: { ok: false, digest: null, detail: null } },
    ...[null, [], ['echo']].map((drift) => ({ surface: { hash: 'sha256:1', drift } })),
  ] satisfies Partial<TrustFacts>[],
  billing: [
    ...['active', 'suspended', null, 'past_due'].map((state) => ({
      subscription: { state, graceOver: false, fallsBack: false },
    })),
    { servers: { granted: false, limit: null, others: 0, older: 0, excused: false } },
    { servers: { granted: true, limit: 5, others: 8, older: 8, excused: false } },
  ] satisfies Partial<BillingFacts>[],
  capability: ['required', 'preferred'].flatMap((sandbox) => [
    { demand: demand(sandbox, 'oci'), runners: [] },
    { demand: demand(sandbox, 'remote'), runners: [] },
    { demand: demand(sandbox, 'local'), runners: [] },
    { demand: demand(sandbox, 'npm'), runners: [[{ name: 'sandbox', ok: true, sentence: 'It has one.' }]] },
  ]),
}

function demand(sandbox: string, artifact: string) {
  return { tier: 't', sandbox, allowLocal: false, artifact } as CapabilityFacts['demand']
}

/** Notes that no gate leaves: they go with a refusal. Tests of billing's quotas hold that they do. */
const ofRefusals = ['billing:quota-exceeded:seats']

/** Everything that a gate finds in its samples, at every moment. */
function findingsOf(gate: AnyGate): Finding[] {
  const given = samples[gate.name]
  if (!given) throw new Error(`Add samples of the facts of the gate ${gate.name} to this test.`)
  return given.flatMap((facts) => moment.options.flatMap((when) => gate.decide(facts as never, when)))
}

/** The pattern in the list that a note is one of. */
function patternOf(note: string): NotePattern | undefined {
  const patterns = Object.keys(notes) as NotePattern[]
  const literalFirst = patterns.toSorted((a, b) => Number(a.startsWith('<')) - Number(b.startsWith('<')))
  return literalFirst.find((pattern) => new RegExp(`^${pattern.replaceAll(/<\w+>/g, '[^:]+')}$`).test(note))
}

const found = gates.flatMap(findingsOf)

test('every note that a gate leaves is in the list, and every note of the list is left', () => {
  const unknown = judge(gates, {
    organizationId: 'org_1',
    deploymentId: 'dep_1',
    moment: 'launch',
    at: '2026-11-26T09:00:00.000Z',
    facts: Object.fromEntries(
      gates.map((gate) => [
        gate.name,
        Object.fromEntries(
          Object.keys(gate.rules)
            .slice(1)
            .map((fact) => [
              fact,
              { state: 'unavailable', since: '2026-11-26T09:00:00.000Z', reason: 'it is away' },
            ]),
        ),
      ]),
    ),
  })
  const left = [...found.map(({ note }) => note), ...unknown.notes, ...ofRefusals].map(
    (note) => patternOf(note) ?? note,
  )
  expect(new Set(left)).toEqual(new Set(Object.keys(notes)))
})

test('what a note of the list waits for is what its findings that do not pass wait for', () => {
  for (const [pattern, { pending }] of Object.entries(notes).filter(([name]) => !name.startsWith('<'))) {
    const statuses = found
      .filter(({ note, verdict }) => patternOf(note) === pattern && verdict !== 'pass')
      .map((finding) => finding.pending ?? null)
    expect([pattern, ...new Set(statuses)]).toEqual([pattern, ...(pending ? [pending] : [])])
  }
})
