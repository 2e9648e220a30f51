import { expect, test } from 'vitest'
import { bodyOf, changedIn, consequencesOf, emptyTier, rebased, regionsOf } from './tierForm.ts'

test('regions are read however they are separated, each once', () => {
  expect(regionsOf(' eu-west-1,us-east-1  eu-west-1\n')).toEqual(['eu-west-1', 'us-east-1'])
  expect(bodyOf({ ...emptyTier, name: ' Internal ' })).toMatchObject({ name: 'Internal', regions: [] })
  expect(changedIn({ ...emptyTier, regions: 'a, b' }, { ...emptyTier, regions: 'a b' })).toEqual([])
})

test('what both changed keeps mine, what only the other changed keeps theirs', () => {
  const mine = { ...emptyTier, name: 'Mine', allowLocal: true }
  const theirs = { ...emptyTier, name: 'Theirs', checkEveryCall: true }
  expect(rebased(mine, emptyTier, theirs)).toEqual({
    ...emptyTier,
    name: 'Mine',
    allowLocal: true,
    checkEveryCall: true,
  })
})

test('a new name has no consequence for what runs; each demand has its own', () => {
  expect(consequencesOf(emptyTier, { ...emptyTier, name: 'Other' })).toEqual([])
  const strict = {
    ...emptyTier,
    sandbox: 'preferred' as const,
    allowLocal: true,
    regions: 'a',
    checkEveryCall: true,
  }
  expect(consequencesOf(emptyTier, strict)).toHaveLength(4)
  expect(consequencesOf(strict, emptyTier).join(' ')).toContain('held')
})
