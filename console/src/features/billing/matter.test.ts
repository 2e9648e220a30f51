import type { PlanVersion } from '@berth/contracts'
import { expect, test } from 'vitest'
import { matterOf, overdueRefusal } from './matter.ts'

const now = Date.parse('2026-03-01T00:00:00Z')
const calm: Parameters<typeof matterOf>[0] = {
  state: 'active',
  plan: { name: 'Team', fallback: 'free' } as PlanVersion,
  timeZone: 'UTC',
  graceEndsAt: null,
  trialEndsAt: null,
  cancelAtPeriodEnd: false,
  overLimits: [],
  overLimitUntil: null,
}

const matter = (given: Partial<Parameters<typeof matterOf>[0]>) => matterOf({ ...calm, ...given }, now)

test('nothing is said of a subscription that goes on by itself', () => {
  expect(matter({})).toBeNull()
  expect(matter({ state: 'trialing', trialEndsAt: '2026-03-20T00:00:00Z' })).toBeNull()
})

test('an overdue invoice says until when, and which of the two follows', () => {
  const graceEndsAt = '2026-03-09T00:00:00Z'
  expect(matter({ state: 'past_due', graceEndsAt })?.next).toContain('Pay it by 9 Mar 2026')
  expect(matter({ state: 'past_due', graceEndsAt })?.next).toContain('falls back to the plan free')
  const plan = { ...calm.plan, fallback: null }
  expect(matter({ state: 'past_due', graceEndsAt, plan })?.next).toContain('is suspended')
})

test('a suspension and a trial that ends soon are spoken of', () => {
  expect(matter({ state: 'suspended' })?.tone).toBe('bad')
  expect(matter({ state: 'trialing', trialEndsAt: '2026-03-05T00:00:00Z' })?.what).toContain('5 Mar 2026')
})

test('servers over the limit are spoken of until an operator allows them', () => {
  const overLimits = [
    {
      key: 'runtime.concurrent_servers',
      used: 7,
      limit: 5,
      consequence: '',
      stops: [{ deploymentId: 'dep_1', name: 'a' }],
    },
  ]
  expect(matter({ overLimits })?.what).toBe('Servers at once: 7 run, and Team grants 5.')
  expect(matter({ overLimits, overLimitUntil: '2026-04-01T00:00:00Z' })).toBeNull()
})

test('while an invoice is overdue only cheaper plans are offered, and only free ones once it is suspended', () => {
  const priced = (price: string, more: Partial<PlanVersion> = {}) =>
    ({ price, interval: 'month', per: 'organization', ...more }) as PlanVersion
  const refusal = (state: 'active' | 'past_due' | 'suspended', to: PlanVersion) =>
    overdueRefusal({ state, plan: priced('4900') }, to)
  expect(refusal('active', priced('9900'))).toBeNull()
  expect(refusal('past_due', priced('9900'))).toContain('cheaper')
  expect(refusal('past_due', priced('4900'))).toBeNull()
  expect(refusal('past_due', priced('39900', { interval: 'year' }))).toBeNull()
  expect(refusal('past_due', priced('99900', { interval: 'year' }))).toContain('cheaper')
  expect(refusal('suspended', priced('900'))).toContain('free of charge')
  expect(refusal('suspended', priced('0'))).toBeNull()
})
