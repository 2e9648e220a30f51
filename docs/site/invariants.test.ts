import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { docsFolder } from './pages.ts'

test('every invariant of billing stands in the table, with tests that name its number', () => {
  const file = path.join(docsFolder, 'billing-invariants.md')
  const rows = [...readFileSync(file, 'utf8').matchAll(/^\| (\d+) \|.*\|(.*)\|$/gm)]
  expect(rows.map(([, number]) => Number(number))).toEqual(Array.from({ length: 20 }, (_, at) => at + 1))
  const nameless = rows.flatMap(([, number, tests]) => {
    const linked = [...tests!.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) =>
      path.resolve(docsFolder, target!),
    )
    expect(linked.length).toBeGreaterThan(0)
    const named = new RegExp(`^ *test\\(['"].*\\binvariant ${number}: `, 'm')
    return linked.filter((one) => !named.test(readFileSync(one, 'utf8'))).map((one) => `${number} ${one}`)
  })
  expect(nameless).toEqual([])
})
