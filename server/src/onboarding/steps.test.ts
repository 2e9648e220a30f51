import { expect, test } from 'vitest'
import type { Facts } from './facts.ts'
import { stepsOf } from './steps.ts'

const organization = { id: 'org_00000000000000000000000001', slug: 'acme', name: 'Acme' }
const nothing: Facts = {
  email: 'ada@example.com',
  emailVerified: false,
  organization: null,
  subscription: null,
  unpaidPlan: null,
  choseAPlan: false,
  members: 0,
  invited: 0,
  everInvited: false,
  deployment: null,
  answered: false,
  skipped: [],
}
const founded: Facts = { ...nothing, organization, members: 1 }

const states = (facts: Facts, mustVerify = false) =>
  stepsOf(facts, mustVerify).steps.map(({ state }) => state)

test('the first step that is left is next, and those after it are open', () => {
  expect(states(nothing, true)).toEqual(['next', 'open', 'open', 'open', 'open'])
  expect(states(nothing)).toEqual(['done', 'next', 'open', 'open', 'open'])
  expect(states(founded)).toEqual(['done', 'done', 'next', 'open', 'open'])
})

test('what is skipped is passed, and done counts more than skipped', () => {
  expect(states({ ...founded, skipped: ['plan'] })).toEqual(['done', 'done', 'skipped', 'next', 'open'])
  const all = {
    ...founded,
    choseAPlan: true,
    answered: true,
    skipped: ['plan', 'invite'] as Facts['skipped'],
  }
  expect(states(all)).toEqual(['done', 'done', 'done', 'skipped', 'done'])
  expect(stepsOf(all, false).complete).toBe(true)
})

test('what was done out of order is done', () => {
  expect(states({ ...founded, answered: true })).toEqual(['done', 'done', 'next', 'open', 'done'])
  expect(stepsOf({ ...founded, answered: true }, false).complete).toBe(false)
})

test('a member or an invitation, answered or not, means that somebody was invited', () => {
  expect(states({ ...founded, members: 2 })[3]).toBe('done')
  expect(states({ ...founded, everInvited: true })[3]).toBe('done')
})
