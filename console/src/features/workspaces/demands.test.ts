import type { Tier } from '@berth/contracts'
import { expect, test } from 'vitest'
import { demandsOf, heldFor } from './demands.ts'

const tier = (code: string, allowLocal: boolean): Tier => ({
  id: 'tier_01jd0000000000000000000000',
  code,
  name: code,
  sandbox: 'required',
  regions: [],
  allowLocal,
  checkEveryCall: false,
  version: 1,
  createdAt: '2026-01-01T00:00:00.000Z',
})

test('a tier says all that it demands', () => {
  expect(demandsOf(tier('community', true))).toBe('Needs a sandbox.')
  expect(demandsOf({ ...tier('regulated', false), checkEveryCall: true })).toBe(
    'Needs a sandbox; runs no servers from folders; checks every call in the database.',
  )
})

test('a server that its tier would hold is told of before it is launched, with the tiers that run it', () => {
  const [standard, community] = [tier('standard', false), tier('community', true)]
  expect(heldFor('local', standard, [standard, community])).toMatch(/standard does not run.*do: community\./)
  expect(heldFor('local', standard, [standard])).toMatch(/No tier does/)
  expect(heldFor('local', community, [standard, community])).toBeNull()
  expect(heldFor('npm', standard, [standard, community])).toBeNull()
  expect(heldFor('local', undefined, [])).toBeNull()
})
