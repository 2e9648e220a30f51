import type { Deployment } from '@berth/contracts'
import { expect, test } from 'vitest'
import { fieldsOf } from '../schemaFields.ts'
import { changesBetween, formOf, meetingsOf, rebased, settingsOf, taken } from './settingsForm.ts'

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

test('where both changed a field both values are told, and either can be taken', () => {
  const start = formOf(deployment(), fields)
  const mine = { ...start, values: { ...start.values, city: 'Paris' }, memoryMb: '300' }
  const theirs = deployment({
    config: { city: 'Oslo', unit: 'f' },
    limits: { memoryMb: 300, cpus: 1, pids: 128 },
  })
  expect(meetingsOf(deployment(), theirs, settingsOf(mine, fields))).toEqual([
    { field: 'config.city', before: 'Rome', now: 'Oslo', mine: 'Paris' },
    { field: 'config.unit', before: 'c', now: 'f' },
    { field: 'limits.memoryMb', before: 512, now: 300 },
  ])
  const merged = rebased(mine, start, formOf(theirs, fields))
  expect(merged.values).toEqual({ city: 'Paris', unit: 'f' })
  expect(taken(merged, formOf(theirs, fields), 'config.city').values).toEqual({ city: 'Oslo', unit: 'f' })
})
