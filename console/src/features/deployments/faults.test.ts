import { expect, test } from 'vitest'
import { faultOf, faultsIn, faultsOf } from './faults.ts'

const faults = {
  name: 'is taken',
  'config.name': 'is needed',
  'config.stops.0.city': 'is unknown',
  config: 'no',
}

test('a property of the configuration that is called like a field of the form keeps its fault to itself', () => {
  expect(faultsIn('config', faults)).toEqual({ name: 'is needed', 'stops.0.city': 'is unknown' })
  expect(faultsIn('secrets', faults)).toEqual({})
  expect(faultsIn('config', faultsOf('config', { name: 'is needed' }))).toEqual({ name: 'is needed' })
})

test('one control for a whole part shows what is wrong with it, or with anything in it', () => {
  expect(faultOf('config', faults)).toBe('no')
  expect(faultOf('config', { 'config.city': 'is unknown' })).toBe('is unknown')
  expect(faultOf('config', { name: 'is taken' })).toBeUndefined()
})
