import { expect, test } from 'vitest'
import { configOf, fieldsOf, initialValues } from './schemaFields.ts'

const schema = {
  type: 'object',
  required: ['folders', 'port'],
  additionalProperties: false,
  properties: {
    folders: { type: 'array', items: { type: 'string' } },
    port: { type: 'integer', title: 'Port', default: 80 },
    ratio: { type: 'number' },
    readOnly: { type: 'boolean', default: true },
    level: { enum: ['info', 3], default: 'info' },
    extra: { type: 'object' },
    note: { type: 'string' },
  },
}

test('every kind of property becomes a control that starts with its default', () => {
  const fields = fieldsOf(schema)!
  expect(fields.map(({ kind }) => kind)).toEqual([
    'strings',
    'integer',
    'number',
    'boolean',
    'enum',
    'json',
    'string',
  ])
  expect(initialValues(fields)).toEqual({
    folders: '',
    port: '80',
    ratio: '',
    readOnly: true,
    level: 'info',
    extra: '',
    note: '',
  })
})

test('values become a configuration of the right types; empty optional ones are left out', () => {
  const fields = fieldsOf(schema)!
  const values = {
    ...initialValues(fields),
    folders: '/a\n /b \n\n',
    ratio: '0.5',
    level: '3',
    extra: '{"a":1}',
  }
  expect(configOf(fields, values)).toEqual({
    config: { folders: ['/a', '/b'], port: 80, ratio: 0.5, readOnly: true, level: 3, extra: { a: 1 } },
    faults: {},
  })
})

test('each fault stands at its own field, and says what would be right', () => {
  const fields = fieldsOf(schema)!
  const { faults } = configOf(fields, { ...initialValues(fields), port: '1.5', ratio: 'much', extra: '{' })
  expect(faults.folders).toBe('folders is needed.')
  expect(faults.port).toBe('Port must be a whole number.')
  expect(faults.ratio).toBe('ratio must be a number.')
  expect(faults.extra).toMatch(/^This is not JSON/)
})

test('a schema that a form cannot express falls back to raw JSON; one without properties asks nothing', () => {
  expect(fieldsOf({ type: 'object' })).toBeNull()
  expect(fieldsOf({ type: 'object', additionalProperties: { type: 'string' } })).toBeNull()
  expect(fieldsOf({ type: 'array' })).toBeNull()
  expect(fieldsOf({ type: 'object', properties: {}, additionalProperties: false })).toEqual([])
})
