import type { Onboarding, OnboardingState } from '@berth/contracts'
import { expect, test } from 'vitest'
import { after, before, order, shownStep, whyClosed } from './steps.ts'

function at(...states: OnboardingState[]): Pick<Onboarding, 'steps'> {
  const steps = order.map((step, place) => ({ step, state: states[place]! }))
  return { steps: steps as unknown as Onboarding['steps'] }
}

test('without a wish the step is shown that is next, and the last one when none is', () => {
  expect(shownStep(at('done', 'next', 'open', 'open', 'open'), undefined)).toBe('organization')
  expect(shownStep(at('done', 'done', 'skipped', 'next', 'open'), undefined)).toBe('invite')
  expect(shownStep(at('done', 'done', 'skipped', 'skipped', 'done'), undefined)).toBe('server')
})

test('one may go back, and ahead of what can be left out, but not past what everything rests on', () => {
  const settled = at('done', 'done', 'next', 'open', 'open')
  for (const step of order) expect(shownStep(settled, step)).toBe(step)
  const homeless = at('done', 'next', 'open', 'open', 'open')
  expect(shownStep(homeless, 'server')).toBe('organization')
  expect(whyClosed(homeless, 'plan')).toBe('Create your organization first.')
  const unverified = at('next', 'open', 'open', 'open', 'open')
  expect(shownStep(unverified, 'organization')).toBe('account')
  expect(whyClosed(unverified, 'organization')).toBe('Verify your e-mail address first.')
})

test('the steps stand in one row', () => {
  expect(order.map(after)).toEqual([...order.slice(1), undefined])
  expect(order.map(before)).toEqual([undefined, ...order.slice(0, -1)])
})
