import type { Deployment } from '@berth/contracts'
import { expect, test } from 'vitest'
import { fieldsOf } from '../schemaFields.ts'
import { changesBetween, formOf, rebased } from './settingsForm.ts'

const fields = fieldsOf({
  type: 'object',
  properties: { city: { type: 'string' }, unit: { type: 'string' } },
})!
const deployment = (more: Partial<Deployment> = {}) =>
  ({
    name: 'one',
    version: '1.0.0',
    config: { city: 'Rome', unit: 'c' },
    secrets: {},
    limits: { memoryMb: 512, cpus: 1, pids: 128 },
    ...more,
  }) as Deployment

test('the same settings in another order are no change; a changed property is told by its own name', () => {
  const before = deployment()
  const now = deployment({ limits: { cpus: 1, pids: 128, memoryMb: 512 }, phase: 'launching' })
  expect(changesBetween(before, now)).toEqual([])
  expect(changesBetween(before, deployment({ limits: { cpus: 1, pids: 128, memoryMb: 300 } }))).toEqual([
    { field: 'limits.memoryMb', before: 512, now: 300 },
  ])
})

test('what one typed stays over what others changed, and what one left alone follows them', () => {
  const start = formOf(deployment(), fields)
  const mine = { ...start, values: { ...start.values, city: 'Paris' } }
  const theirs = deployment({
    config: { city: 'Rome', unit: 'f' },
    limits: { memoryMb: 300, cpus: 1, pids: 128 },
  })
  const both = rebased(mine, start, formOf(theirs, fields))
  expect(both.values).toEqual({ city: 'Paris', unit: 'f' })
  expect(both.memoryMb).toBe('300')
})
