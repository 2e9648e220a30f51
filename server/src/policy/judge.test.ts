import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import type { Moment, Note, Verdict } from '@berth/contracts'
import type { Fact, Finding, Gate } from '../platform/gate.ts'
import { judge, versionOf, worst, type Inputs } from './judge.ts'

interface Only {
  fact: Finding[]
}

const strict = { launch: 'hold', relaunch: 'hold', running: 'veto', call: 'hold' } as const

/** A gate whose one fact is what it finds. */
const gate = (name: string): Gate<Only> => ({
  name,
  version: 1,
  rules: { fact: { title: 'The fact', notYet: strict, graceMs: 60_000, pending: 'pending-attestation' } },
  facts: () => sql`null`,
  decide: ({ fact }) => fact ?? [],
})

const at = '2026-11-23T09:00:00.000Z'
const inputsOf = (facts: Inputs['facts'], moment: Moment = 'launch'): Inputs => ({
  organizationId: 'org_1',
  deploymentId: 'dep_1',
  moment,
  at,
  facts,
})

const verdict = fc.constantFrom<Verdict>('pass', 'hold', 'veto')
const pending = fc.constantFrom('pending-billing', 'pending-residency', 'pending-rule')
const finding: fc.Arbitrary<Finding> = fc.record({
  verdict,
  pending,
  note: fc.constantFrom<Note>('trust:drift:1', 'trust:surface:admitted', 'capability:local:tier'),
  sentence: fc.string(),
})
const fact: fc.Arbitrary<Fact<unknown>> = fc.oneof(
  fc.record({ state: fc.constant('known' as const), value: fc.array(finding, { maxLength: 4 }) }),
  fc.constant({ state: 'not-yet' as const }),
  fc.record({
    state: fc.constant('unavailable' as const),
    since: fc.constantFrom('2026-11-23T08:58:59.999Z', '2026-11-23T08:59:30.000Z'),
    reason: fc.string(),
  }),
)
const names = ['a', 'b', 'c']
const gates = names.map(gate)
const moment = fc.constantFrom<Moment>('launch', 'relaunch', 'running', 'call')
const inputs = fc
  .record({ moment, facts: fc.tuple(fact, fact, fact) })
  .map((given) =>
    inputsOf(Object.fromEntries(names.map((name, i) => [name, { fact: given.facts[i]! }])), given.moment),
  )

describe('a decision', () => {
  test('is as bad as its worst gate, and a gate as its worst finding', () => {
    fc.assert(
      fc.property(inputs, (given) => {
        const judgement = judge(gates, given)
        expect(judgement.gates.map((one) => one.gate)).toEqual(names)
        expect(judgement.verdict).toBe(worst(judgement.gates.map((one) => one.verdict)))
        expect(judgement.allowed).toBe(judgement.gates.every((one) => one.verdict === 'pass'))
        for (const [i, name] of names.entries()) {
          const state = given.facts[name]!['fact']!
          if (state.state !== 'known') continue
          const found = (state.value as Finding[]).map((one) => one.verdict)
          expect(judgement.gates[i]!.verdict).toBe(worst(found))
        }
      }),
    )
  })

  test('waits for what the first gate that does not pass waits for', () => {
    fc.assert(
      fc.property(inputs, (given) => {
        const { pendingStatus, gates: verdicts } = judge(gates, given)
        const first = verdicts.find((one) => one.verdict !== 'pass')
        expect(pendingStatus).toBe(first ? first.pending : null)
        expect(pendingStatus === null).toBe(first === undefined)
      }),
    )
  })

  test('is the same again from the same inputs, also after they were stored', () => {
    fc.assert(
      fc.property(inputs, (given) => {
        const stored = JSON.parse(JSON.stringify(given)) as Inputs
        expect(judge(gates, stored)).toEqual(judge(gates, given))
      }),
    )
  })

  test('runs every gate even when one has vetoed', () => {
    const veto: Finding = {
      verdict: 'veto',
      note: 'trust:release:blocked',
      sentence: 'No.',
      pending: 'pending-billing',
    }
    const hold: Finding = {
      verdict: 'hold',
      note: 'trust:drift:1',
      sentence: 'Wait.',
      pending: 'pending-residency',
    }
    const facts = {
      a: { fact: { state: 'known', value: [veto] } },
      b: { fact: { state: 'known', value: [hold] } },
    } as const
    const judgement = judge([gate('b'), gate('a')], inputsOf(facts))
    expect(judgement).toMatchObject({
      verdict: 'veto',
      notes: ['trust:drift:1', 'trust:release:blocked'],
      pendingStatus: 'pending-residency',
    })
  })
})

describe('a fact that has not come to be', () => {
  test.each(['launch', 'relaunch', 'running', 'call'] as const)('means at %s what the table says', (when) => {
    const given = inputsOf({ a: { fact: { state: 'not-yet' } } }, when)
    expect(judge([gate('a')], given)).toMatchObject({ verdict: strict[when], notes: ['a:fact:not-yet'] })
  })

  test('is also one that nobody gave', () => {
    expect(judge([gate('a')], inputsOf({})).verdict).toBe('hold')
    expect(judge([gate('a')], inputsOf({ a: {} }, 'running')).verdict).toBe('veto')
  })
})

describe('a fact that cannot be told', () => {
  const since = (text: string) => ({
    a: { fact: { state: 'unavailable' as const, since: text, reason: 'it is down' } },
  })

  test.each(['launch', 'relaunch', 'call'] as const)('holds a %s at once', (when) => {
    expect(judge([gate('a')], inputsOf(since(at), when)).verdict).toBe('hold')
  })

  test("stops what runs only after the gate's own limit", () => {
    const just = judge([gate('a')], inputsOf(since('2026-11-23T08:59:00.001Z'), 'running'))
    expect(just).toMatchObject({ verdict: 'pass', notes: ['a:fact:unavailable'] })
    const over = judge([gate('a')], inputsOf(since('2026-11-23T08:59:00.000Z'), 'running'))
    expect(over).toMatchObject({ verdict: 'hold', pendingStatus: 'pending-attestation' })
  })
})

test('the version names the gates in order, each with its own', () => {
  expect(versionOf([gate('trust'), { ...gate('capability'), version: 3 }])).toBe('trust@1 capability@3')
})
