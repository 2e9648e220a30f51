import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JsonFault, readJson } from './jsonc.ts'

describe('readJson', () => {
  it('reads what JSON.parse reads, whatever it is', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(readJson(text).value).toEqual(JSON.parse(text))
      }),
    )
  })

  it('passes over comments, trailing commas and a byte order mark', () => {
    expect(readJson('\ufeff// one\n{"a": [1, /* two */ 2,], "u": "http://x//y",}').value).toEqual({
      a: [1, 2],
      u: 'http://x//y',
    })
  })

  it.each([
    ['{"a": 1', /line 1/],
    ['{"a": 1,\n "a": 2}', /line 2: "a" is there twice/],
    ['{"a" 1}', /colon/],
    ['{a: 1}', /quotes/],
    ['{} x', /follows/],
    ['{"a": 01}', /not a value/],
    ['', /ends too early/],
    ['['.repeat(100_000), /nested too deep/],
  ])('names the fault of %j', (text, fault) => {
    expect(() => readJson(text)).toThrow(JsonFault)
    expect(() => readJson(text)).toThrow(fault)
  })
  it('does not repeat a text that is at fault, which may be a secret', () => {
    expect(() => readJson('{"a": "hunter2\\q"}')).toThrow(/^(?!.*hunter2).*line 1/)
  })
})
