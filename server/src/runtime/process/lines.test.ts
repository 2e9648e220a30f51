import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLineSplitter, oversizedId, type OversizedLine } from './lines.ts'

function split(chunks: (string | Buffer)[], maxBytes = 1000) {
  const lines: string[] = []
  const oversized: OversizedLine[] = []
  const endless: number[] = []
  const splitter = createLineSplitter({
    maxBytes,
    onLine: (line) => lines.push(line.toString('latin1')),
    onOversized: (line) => oversized.push({ ...line }),
    onEndless: (line) => endless.push(line.bytes),
  })
  for (const chunk of chunks) splitter.push(Buffer.from(chunk as string))
  splitter.end()
  return { lines, oversized, endless }
}

describe('lines', () => {
  it('come out whole, in order and once, wherever the chunks were cut', () => {
    const line = fc.string({ minLength: 1, maxLength: 20, unit: fc.constantFrom('a', '{', '"', 'z', ' ') })
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), fc.array(fc.nat(60)), (expected, cuts) => {
        const text = expected.map((one) => `${one}\n`).join('')
        const marks = [...new Set([0, ...cuts.filter((cut) => cut < text.length), text.length])].sort(
          (a, b) => a - b,
        )
        const chunks = marks.slice(1).map((end, index) => text.slice(marks[index], end))
        expect(split(chunks).lines).toEqual(expected)
      }),
    )
  })

  it('lose their line end in both styles, empty ones are dropped, and the last needs none', () => {
    expect(split(['a\r\nb\n\n\r\nc']).lines).toEqual(['a', 'b', 'c'])
    expect(split(['a\r', '\nb']).lines).toEqual(['a', 'b'])
  })

  it('of exactly the bound pass and longer ones do not, in one chunk or many', () => {
    for (const step of [1, 7, 5000]) {
      const text = `${'x'.repeat(100)}\n${'y'.repeat(101)}\nz\n`
      const chunks = Array.from({ length: Math.ceil(text.length / step) }, (_, n) =>
        text.slice(n * step, n * step + step),
      )
      const { lines, oversized } = split(chunks, 100)
      expect(lines).toEqual(['x'.repeat(100), 'z'])
      expect(oversized.map((line) => line.bytes)).toEqual([101])
    }
  })

  it('that are too long keep their edges and nothing between', () => {
    const chunks = ['{"head":', ...Array.from({ length: 50 }, () => 'm'.repeat(997)), '"tail"}\nnext\n']
    const { lines, oversized, endless } = split(chunks, 20_000)
    expect(lines).toEqual(['next'])
    expect(oversized[0]).toMatchObject({ bytes: 8 + 50 * 997 + 7 })
    expect(oversized[0]!.head.toString()).toMatch(/^\{"head":m+$/)
    expect(oversized[0]!.tail.toString()).toMatch(/^m+"tail"\}$/)
    expect(oversized[0]!.head.length + oversized[0]!.tail.length).toBeLessThanOrEqual(8192)
    expect(endless).toEqual([])
  })

  it('without an end are given up once', () => {
    const { endless } = split(
      Array.from({ length: 30 }, () => 'e'.repeat(100)),
      200,
    )
    expect(endless).toEqual([1700])
  })
})

describe('the request that an oversized answer belongs to', () => {
  const edges = (head: string, tail: string) =>
    oversizedId({ bytes: 1e8, head: Buffer.from(head), tail: Buffer.from(tail) })

  it('is read where it is certain', () => {
    expect(edges('{"jsonrpc":"2.0","id":7,"result":{"a', 'b"}}')).toBe(7)
    expect(edges('{"id":"r\\"1","result":', '}}')).toBe('r"1')
    expect(edges('{"result":{"content":[{"text":"', '"}]},"jsonrpc":"2.0","id":42}')).toBe(42)
    expect(edges('{"jsonrpc":"2.0","result":{"x":"', '"},"id":-3 }')).toBe(-3)
  })

  it('is left open where text of the answer could imitate it', () => {
    expect(edges('{"result":{"id":1,', '"id":5}}')).toBeNull()
    expect(edges('{"result":{"x":"', 'text \\"id\\":5}"}}')).toBeNull()
    expect(edges('["', '"]')).toBeNull()
  })
})
