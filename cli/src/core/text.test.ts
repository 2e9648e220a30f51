import { describe, expect, it } from 'vitest'
import { cut, escapeLines, escapeText, textOf, widthOf } from './text.ts'

describe('escaping', () => {
  it('leaves ordinary text of any script alone', () => {
    const text = 'Grüße, 東京, 🚢 and naïve'
    expect(escapeText(text)).toBe(text)
    expect(escapeLines(text)).toBe(text)
  })

  it('lets no character through that drives a terminal, reorders text or hides it', () => {
    const codes = [
      ...Array.from({ length: 32 }, (_, code) => code),
      ...Array.from({ length: 33 }, (_, index) => 127 + index),
    ].concat(0x61c, 0x200b, 0x200d, 0x200f, 0x2028, 0x2029, 0x202a, 0x202e, 0x2066, 0x2069, 0xfeff, 0xe0041)
    for (const code of codes) {
      const character = String.fromCodePoint(code)
      expect(escapeText(`a${character}b`), code.toString(16)).not.toContain(character)
      expect(escapeText(`a${character}b`), code.toString(16)).toMatch(/^a\\.+b$/)
    }
  })

  it('keeps line breaks and tabs in prose, and nothing else', () => {
    expect(escapeLines('a\r\nb\tc\u001b[31m\rd')).toBe('a\nb\tc\\x1b[31m\\rd')
  })
})

describe('width', () => {
  it('counts columns, not characters', () => {
    expect(widthOf('abc')).toBe(3)
    expect(widthOf('東京')).toBe(4)
    expect(widthOf('e\u0301')).toBe(1)
  })

  it('cuts to the columns there are', () => {
    expect(cut('abcdef', 6)).toBe('abcdef')
    expect(cut('abcdef', 4)).toBe('abc…')
    expect(widthOf(cut('東京都東京都', 6))).toBeLessThanOrEqual(6)
  })
})

it('shows any value as a text', () => {
  expect([textOf('a'), textOf(null), textOf(undefined), textOf({ a: 1 }), textOf(0)]).toEqual([
    'a',
    '',
    '',
    '{"a":1}',
    '0',
  ])
})
