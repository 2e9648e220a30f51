import { expect, test } from 'vitest'
import { api } from './api.ts'
import type { Endpoint } from './endpoint.ts'
import { tags } from './tags.ts'

test('no tag of the reference is without an endpoint', () => {
  const used = new Set(Object.values(api).flatMap((of) => Object.values(of).map((one: Endpoint) => one.tag)))
  expect(Object.keys(tags).filter((tag) => !used.has(tag as Endpoint['tag']))).toEqual([])
})
