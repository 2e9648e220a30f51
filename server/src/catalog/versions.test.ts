import { expect, test } from 'vitest'
import { freeSlug, nearNames, slugFor } from './names.ts'
import { compareVersions, newestOf } from './versions.ts'

test('versions are ordered as semver orders them', () => {
  const ordered = [
    '0.9.9',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc-x.1',
    '1.0.0',
    '1.0.1',
    '1.10.0',
    '2026.8.31',
  ]
  for (const [index, version] of ordered.entries()) {
    for (const [other, second] of ordered.entries()) {
      expect([version, second, Math.sign(compareVersions(version, second))]).toEqual([
        version,
        second,
        Math.sign(index - other),
      ])
    }
  }
  expect(compareVersions('1.0.0+2', '1.0.0')).toBe(0)
})

test('the newest is by version, then by time, and ahead of a release only when there is none', () => {
  const one = (version: string, day: number) => ({
    version,
    createdAt: new Date(2026, 0, day),
    id: `${version}${day}`,
  })
  expect(newestOf([one('1.0.0', 3), one('1.10.0', 1), one('1.9.0', 2)])?.version).toBe('1.10.0')
  expect(newestOf([one('1.0.0', 1), one('1.0.0+2', 2)])?.version).toBe('1.0.0+2')
  expect(newestOf([one('1.0.0', 1), one('2.0.0-beta', 2)])?.version).toBe('1.0.0')
  expect(newestOf([one('2.0.0-alpha', 2), one('2.0.0-beta', 1)])?.version).toBe('2.0.0-beta')
  expect(newestOf([])).toBeNull()
})

test('slugs come from names and get numbers when taken', () => {
  expect(slugFor('@playwright/mcp')).toBe('playwright-mcp')
  expect(slugFor('日本')).toBe('server')
  expect(freeSlug('weather', new Set(['weather', 'weather-2']))).toBe('weather-3')
  const long = 'a'.repeat(40)
  expect(freeSlug(long, new Set([long]))).toBe(`${'a'.repeat(34)}-2`)
})

test('names that could have been meant are near', () => {
  const names = ['reference/everything', 'reference/memory', 'npm/weather']
  expect(nearNames('reference/everythin', names)).toEqual(['reference/everything'])
  expect(nearNames('npm/memory', names)).toEqual(['reference/memory'])
  expect(nearNames('npm/zzzzzzzzzz', names)).toEqual([])
})
