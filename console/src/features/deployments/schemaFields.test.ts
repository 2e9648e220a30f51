import { expect, test } from 'vitest'
import { configOf, type ConfigField, fieldsOf, initialValues, valuesFrom } from './schemaFields.ts'

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

const kindsOf = (given: Record<string, unknown>) => fieldsOf(given)!.map(({ name, kind }) => [name, kind])

const nested = {
  type: 'object',
  required: ['place', 'stops'],
  $defs: {
    place: {
      type: 'object',
      required: ['city'],
      properties: { city: { type: 'string' }, zip: { anyOf: [{ type: 'integer' }, { type: 'null' }] } },
    },
  },
  properties: {
    place: { $ref: '#/$defs/place', title: 'Place' },
    stops: { type: 'array', items: { $ref: '#/$defs/place' } },
    days: { type: 'array', items: { enum: ['mon', 'tue', 'wed'] } },
    level: {
      oneOf: [
        { const: 1, title: 'low' },
        { const: 2, title: 'high' },
      ],
    },
    fast: { type: 'boolean' },
    extra: {
      type: 'object',
      properties: { note: { type: 'string' }, loud: { type: 'boolean', default: false } },
    },
    points: { type: 'array', items: { type: 'number' }, maxItems: 3 },
    any: {},
  },
}

test('objects, lists, choices, references and choices with null become controls', () => {
  expect(kindsOf(nested)).toEqual([
    ['place', 'object'],
    ['stops', 'list'],
    ['days', 'choices'],
    ['level', 'enum'],
    ['fast', 'enum'],
    ['extra', 'object'],
    ['points', 'list'],
    ['any', 'json'],
  ])
  const [place, , , level] = fieldsOf(nested) as [ConfigField, ConfigField, ConfigField, ConfigField]
  expect(place.fields.map(({ name, kind, required }) => [name, kind, required])).toEqual([
    ['city', 'string', true],
    ['zip', 'integer', false],
  ])
  expect(level.options).toEqual(['low', 'high'])
})

test('what was typed becomes a value of that shape; optional things that nobody touched are left out', () => {
  const fields = fieldsOf(nested)!
  const values = {
    ...initialValues(fields),
    place: { city: 'Oslo', zip: '0150' },
    stops: [{ city: 'Bergen', zip: '' }],
    days: ['tue', 'mon'],
    level: 'high',
    points: ['1.5', '2'],
  }
  const { config, faults } = configOf(fields, values)
  expect(faults).toEqual({})
  expect(config).toEqual({
    place: { city: 'Oslo', zip: 150 },
    stops: [{ city: 'Bergen' }],
    days: ['tue', 'mon'],
    level: 2,
    points: [1.5, 2],
  })
  expect(configOf(fields, valuesFrom(fields, config)).config, 'there and back').toEqual(config)
  expect(configOf(fields, { ...values, fast: 'no' }).config['fast'], 'no is not nothing').toBe(false)
})

test('a fault within is told at its path', () => {
  const fields = fieldsOf(nested)!
  const { faults } = configOf(fields, {
    ...initialValues(fields),
    stops: [{ city: '', zip: 'x' }],
    points: ['', 'much'],
  })
  expect(faults).toEqual({
    'place.city': 'city is needed.',
    'stops.0.city': 'city is needed.',
    'stops.0.zip': 'zip must be a number.',
    'points.0': 'points 1 is needed.',
    'points.1': 'points 2 must be a number.',
  })
})

test('a schema that leads back to itself ends as JSON', () => {
  const tree = { type: 'object', properties: { child: { $ref: '#' }, name: { type: 'string' } } }
  let at = fieldsOf(tree)![0]!
  let depth = 0
  while (at.kind === 'object') {
    at = at.fields[0]!
    depth++
  }
  expect(at.kind).toBe('json')
  expect(depth).toBeLessThan(10)
})

test('bounds are told before anything is sent', () => {
  const fields = fieldsOf({
    properties: { n: { type: 'integer', minimum: 1, maximum: 9 }, s: { type: 'string', minLength: 3 } },
  })!
  expect(configOf(fields, { n: '10', s: 'ab' }).faults).toEqual({
    n: 'n must be 9 or less.',
    s: 's needs at least 3 characters.',
  })
})

test('a whole number that JSON would change is not sent', () => {
  const fields = fieldsOf({ properties: { id: { type: 'integer' } } })!
  expect(configOf(fields, { id: '9007199254740993' }).faults['id']).toMatch(/more digits than can be sent/)
  expect(configOf(fields, { id: '9007199254740991' })).toEqual({
    config: { id: 9007199254740991 },
    faults: {},
  })
})

test('what a text has to look like is told', () => {
  const [when, code] = fieldsOf({
    properties: {
      when: { type: 'string', format: 'date-time' },
      code: { type: 'string', pattern: '^[a-z]+$' },
    },
  })!
  expect(when!.form).toBe('A time such as 2030-01-31T09:00:00Z.')
  expect(code!.form).toBe('Matches ^[a-z]+$')
})
