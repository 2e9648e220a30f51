import { describe, expect, it } from 'vitest'
import { UsageError } from '../core/errors.ts'
import { answerLines, argumentsBySchema, isToolError } from './tool.ts'

describe("a tool's arguments", () => {
  const schema = {
    properties: {
      text: { type: 'string' },
      count: { type: 'integer' },
      ratio: { type: 'number' },
      on: { type: 'boolean' },
      list: { type: 'array' },
      maybe: { type: ['integer', 'null'] },
    },
  }

  it('are read by its schema', () => {
    const given = {
      text: '12',
      count: '12',
      ratio: '1.5',
      on: 'true',
      list: '[1]',
      maybe: 'null',
      other: 'x',
      n: '1',
    }
    expect(argumentsBySchema(given, schema)).toEqual({
      text: '12',
      count: 12,
      ratio: 1.5,
      on: true,
      list: [1],
      maybe: null,
      other: 'x',
      n: 1,
    })
  })

  it.each<Record<string, string>>([{ count: '1.5' }, { on: 'yes' }, { list: '{}' }, { ratio: '' }])(
    'that do not fit (%o) are a usage error',
    (given) => expect(() => argumentsBySchema(given, schema)).toThrow(UsageError),
  )

  it('are JSON or text where there is no schema', () => {
    expect(argumentsBySchema({ a: '1', b: 'x', c: 'null' }, undefined)).toEqual({ a: 1, b: 'x', c: null })
  })
})

describe("a tool's answer", () => {
  it('shows texts inert, line by line, and names what is no text', () => {
    const content = [
      { type: 'text', text: 'one\ntwo\u001b]0;title\u0007' },
      { type: 'image', mimeType: 'image/png', data: 'AAAA' },
      { type: 'resource', resource: { uri: 'demo://1', text: 'body' } },
      { type: 'resource_link', uri: 'demo://2\u001b' },
      { type: 'novel', x: 1 },
    ]
    expect(answerLines({ content })).toEqual([
      'one\ntwo\\x1b]0;title\\x07',
      '[image image/png, 3 bytes; --json has it]',
      '[resource demo://1]\nbody',
      '[resource demo://2\\x1b]',
      '{"type":"novel","x":1}',
    ])
  })

  it.each([
    undefined,
    null,
    7,
    'x',
    {},
    { content: 3 },
    { content: [] },
    { content: [null, 3, { text: {} }] },
  ])('of any shape (%o) is shown without failing', (result) =>
    expect(answerLines(result).length).toBeGreaterThan(0),
  )

  it('may say that the tool failed', () => {
    expect(isToolError({ isError: true })).toBe(true)
    for (const fine of [undefined, null, {}, { isError: false }, { isError: 'true' }]) {
      expect(isToolError(fine)).toBe(false)
    }
  })
})
