import { expect, test } from 'vitest'
import { parsePlanFile, planFile } from './file.ts'

const file = `
plans:
  free:
    name: Free
    price: 0
    currency: EUR
    grants: { seats: 3, byok: false, gateway.tool_calls: { limit: 100, reset: month } }
  gold:
    name: Gold
    price: "900719925474099312"
    currency: EUR
    per: seat
    interval: year
    trialDays: 14
    fallback: free
    grants:
      seats: unlimited
      gateway.tool_calls: { limit: unlimited, reset: week, mode: soft }
`

test('a plan file says the plans, also with a price beyond what a number holds', () => {
  const { plans } = parsePlanFile(file)
  expect(plans).toMatchObject([
    { plan: 'free', price: 0n, per: 'organization', interval: 'month', graceDays: null, public: true },
    { plan: 'gold', price: 900719925474099312n, per: 'seat', interval: 'year', fallback: 'free' },
  ])
  // Who says nothing of it is not overdue as soon as an invoice is issued.
  expect(plans!.map(({ dueDays }) => dueDays)).toEqual([0, 14])
  expect(plans![1]!.grants).toEqual([
    { key: 'gateway.tool_calls', limit: null, reset: 'week', mode: 'soft' },
    { key: 'seats', limit: null, reset: null, mode: 'hard' },
  ])
})

test('plans written to a file are read back as they were', () => {
  const { plans } = parsePlanFile(file)
  expect(parsePlanFile(planFile(plans!)).plans).toEqual(plans)
})

test('every fault of a file is named with its place, and then there are no plans', () => {
  const { plans, faults } = parsePlanFile(`
plans:
  team:
    nam: Team
    price: 49.5
    currency: EURO
    grants: { seats: -1, unicorns: 3, gateway.tool_calls: 7 }
  Bad Slug: { name: '', price: -3, currency: EUR, description: 5 }
  lost: { price: 1, currency: EUR }
  bare: 5
  free: { name: Free, price: 5, currency: EUR }
`)
  expect(plans).toBeNull()
  const said = faults.map(({ path, message }) => `${path}: ${message}`)
  for (const part of [
    /^plans\.team\.name: .*missing/,
    /^plans\.team\.price \(line 5\): must be whole minor units/,
    /^plans\.team\.currency \(line 6\): must be an ISO 4217 code/,
    /^plans\.team\.grants\.seats \(line 7\): must be a whole number/,
    /^plans\.team\.grants \(line 7\): "unicorns" is no entitlement/,
    /^plans\.team\.grants\.gateway\.tool_calls \(line 7\): must be \{limit, reset, mode\}/,
    /^plans\.team.*"nam" is no field of a plan/,
    /^plans\.Bad Slug \(line 8\): a plan is named with/,
    /^plans\.Bad Slug\.name \(line 8\): must not be empty/,
    /^plans\.Bad Slug\.price \(line 8\): must be whole minor units/,
    /^plans\.Bad Slug\.description \(line 8\): must be text/,
    /^plans\.lost\.name: is missing; it must be text/,
    /^plans\.bare \(line 10\): must be fields/,
    /^plans\.free\.price \(line 11\): must be 0/,
  ])
    expect(said).toEqual(expect.arrayContaining([expect.stringMatching(part)]))
  // Nothing of the library that looks at the file is shown to people.
  for (const one of said) expect(one).not.toMatch(/Invalid|expected/)
})

test.each([
  ['plans: [', /line 1/],
  ['plans:\n  a: {}\n  a: {}\n', /line 3/],
  ['', /file: must have `plans`/],
  ['[plans]', /file: must have `plans`/],
  ['things: {}', /"things" is not known/],
  ['plans: { free: { name: Free, price: 5, currency: EUR } }', /plans\.free\.price \(line 1\): must be 0/],
  [
    'plans: { a: { name: A, price: 5, currency: EUR, fallback: a } }',
    /plans\.a\.fallback \(line 1\): must be another/,
  ],
])('a file that is not one is refused with its fault: %j', (text, fault) => {
  const { plans, faults } = parsePlanFile(text)
  expect(plans).toBeNull()
  expect(faults.map(({ path, message }) => `${path}: ${message}`).join('\n')).toMatch(fault)
})

test('a plan cannot promise what this version does not have', () => {
  const { faults } = parsePlanFile(
    'plans: { gold: { name: Gold, price: 1, currency: EUR, grants: { byok: true, sso: true } } }',
  )
  expect(faults.map(({ message }) => message)).toEqual(
    Array(2).fill(expect.stringContaining('must be false: this version of Berth does not have it')),
  )
})

test('what makes no sense together is named along with the fields at fault, in one go', () => {
  const { faults } = parsePlanFile(`
plans:
  free: { name: Free, price: 5, currency: EUR }
  gift: { name: Gift, price: 0, currency: EUR, trialDays: 14, fallback: nowhere }
  team: { name: Team, price: free of charge, currency: EUR, fallback: team, colour: red }
  firm: { name: Firm, price: 900, currency: EUR, fallback: free }
`)
  expect(faults.map(({ path }) => path.replace(/ \(line \d+\)$/, '')).sort()).toEqual([
    'plans.firm.fallback',
    'plans.free.price',
    'plans.gift.fallback',
    'plans.gift.trialDays',
    'plans.team',
    'plans.team.fallback',
    'plans.team.price',
  ])
})

test('a plan may fall back to one that is published, and no longer to one that begins to cost', () => {
  const { plans } = parsePlanFile(file)
  const published = new Map(plans!.map((one) => [one.plan, one]))
  const firm = 'plans: { firm: { name: Firm, price: 900, currency: EUR, fallback: free } }'
  const costly = plans!.find(({ price }) => price > 0n)!
  expect(parsePlanFile(firm.replace('fallback: free', `fallback: ${costly.plan}`), published).faults).toEqual(
    [
      {
        path: 'plans.firm.fallback (line 1)',
        message: `"${costly.plan}" costs something; a fallback must be free`,
      },
    ],
  )
  expect(parsePlanFile(firm).faults.map(({ path }) => path)).toEqual(['plans.firm.fallback (line 1)'])
  expect(
    parsePlanFile(firm, new Map([['free', { ...costly, plan: 'free', price: 0n, fallback: null }]])).faults,
  ).toEqual([])
})
