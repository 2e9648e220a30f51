import { JsonFault, readJson } from '@berth/contracts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { withMember, withoutMember } from './jsonc.ts'

const commented = `{
  // what the editor may run
  "servers": { /* none yet */
    "mine": { "command": "x" }, // keep
  },
  "big": 12345678901234567890
}
`

describe('withMember', () => {
  it('adds an entry and leaves every other character as it was, and withoutMember gives the first text back', () => {
    const text = withMember(commented, ['servers', 'berth'], { url: 'http://b' })
    expect(readJson(text).value).toMatchObject({
      servers: { berth: { url: 'http://b' }, mine: { command: 'x' } },
    })
    expect(text).toContain('// keep')
    expect(text).toContain('12345678901234567890')
    expect(withoutMember(text, ['servers', 'berth'])).toBe(commented)
  })

  it('replaces an entry in its place', () => {
    const text = withMember(commented, ['servers', 'mine'], { command: 'y' })
    expect(text.replace(/\s/g, '')).toBe(commented.replace('"x"', '"y"').replace(/\s/g, ''))
  })

  it('makes the objects on the way, in the manner of the file', () => {
    expect(withMember('{}', ['servers', 'a'], { b: 1 })).toBe(
      '{\n  "servers": {\n    "a": {\n      "b": 1\n    }\n  }\n}',
    )
    expect(withMember('{\r\n\t"x": 1\r\n}', ['s'], {})).toBe('{\r\n\t"s": {},\r\n\t"x": 1\r\n}')
  })

  it('refuses where something else is in the way', () => {
    expect(() => withMember('{"servers": []}', ['servers', 'a'], {})).toThrow(JsonFault)
    expect(() => withMember('[]', ['servers', 'a'], {})).toThrow(JsonFault)
  })

  it('changes nothing but the one member of any object', () => {
    const tree = fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      fc.jsonValue(),
      { maxKeys: 5 },
    )
    fc.assert(
      fc.property(tree, fc.integer({ min: 0, max: 4 }), (value, indent) => {
        delete value['berth']
        const text = JSON.stringify(value, null, indent)
        const before = JSON.parse(text) as object
        const after = withMember(text, ['berth'], { url: 'u' })
        expect(JSON.parse(after)).toEqual({ ...before, berth: { url: 'u' } })
        expect(JSON.parse(withoutMember(after, ['berth']))).toEqual(before)
      }),
    )
  })
})

describe('withoutMember', () => {
  it('does not take a comment with it', () => {
    expect(() => withoutMember('{"a": 1, // why\n "b": 2}', ['b'])).toThrow(/comment/)
  })

  it.each([
    ['{"a":1,"b":2}', 'a', '{"b":2}'],
    ['{"a":1,"b":2}', 'b', '{"a":1}'],
    ['{"a":1}', 'a', '{}'],
    ['{"a":1}', 'z', '{"a":1}'],
  ])('takes out of %s the member %s', (text, key, wanted) => {
    expect(withoutMember(text, [key])).toBe(wanted)
  })
})
