import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { mutations } from './table.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

test('there is one mutation an invariant, and each still finds what it breaks', () => {
  expect(mutations.map(({ invariant }) => invariant)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1))
  const lost = mutations.filter(({ file, find }) => read(file).split(find).length !== 2)
  expect(lost.map(({ invariant, name }) => `${invariant} ${name}`)).toEqual([])
})

test('each names a test of its invariant', () => {
  const lost = mutations.filter(
    ({ invariant, test: file }) => !read(file).includes(`invariant ${invariant}:`),
  )
  expect(lost.map(({ invariant, test: file }) => `${invariant} ${file}`)).toEqual([])
})
