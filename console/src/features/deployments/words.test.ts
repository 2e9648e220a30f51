import { expect, test } from 'vitest'
import { compareWords, type Piece } from './words.ts'

const side = (pieces: Piece[], kind: 'before' | 'after') =>
  pieces
    .filter((piece) => piece.kind === 'same' || piece.kind === kind)
    .map(({ text }) => text)
    .join('')

test('what came is told word by word, and each side is whole', () => {
  const [before, after] = ['Reads a file from disk.', 'Reads and uploads a file from disk.']
  const pieces = compareWords(before, after)
  expect(pieces.filter(({ kind }) => kind !== 'same')).toEqual([{ kind: 'after', text: 'and uploads ' }])
  expect([side(pieces, 'before'), side(pieces, 'after')]).toEqual([before, after])
})

test('a word in the middle, at the start, at the end', () => {
  expect(compareWords('the old way', 'the new way')).toEqual([
    { kind: 'same', text: 'the ' },
    { kind: 'before', text: 'old' },
    { kind: 'after', text: 'new' },
    { kind: 'same', text: ' way' },
  ])
  expect(compareWords('way', 'new way')).toEqual([
    { kind: 'after', text: 'new ' },
    { kind: 'same', text: 'way' },
  ])
  expect(compareWords('same', 'same')).toEqual([{ kind: 'same', text: 'same' }])
  expect(compareWords('', 'all new')).toEqual([{ kind: 'after', text: 'all new' }])
})

test('neighbouring changes are one, not word against word', () => {
  const pieces = compareWords('Lists your own files here', 'Lists all secret keys here')
  expect(pieces).toEqual([
    { kind: 'same', text: 'Lists ' },
    { kind: 'before', text: 'your own files' },
    { kind: 'after', text: 'all secret keys' },
    { kind: 'same', text: ' here' },
  ])
})

test('however texts differ, the pieces put together are the two texts', () => {
  let seed = 7
  const random = (n: number) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n
  const words = ['a', 'tool', ' ', '  ', '\n', '\u202e', 'é', '{', '"x"', '😀', 'ran']
  const text = (n: number) => Array.from({ length: random(n) }, () => words[random(words.length)]!).join('')
  for (let round = 0; round < 300; round++) {
    const [before, after] = [text(40), text(40)]
    const pieces = compareWords(before, after)
    expect([side(pieces, 'before'), side(pieces, 'after')]).toEqual([before, after])
  }
})

test('texts of any length are compared in bounded steps', () => {
  const long = 'word '.repeat(20_000)
  const pieces = compareWords(`${long}\nend`, `${long}\nanother end`)
  expect([side(pieces, 'before'), side(pieces, 'after')]).toEqual([`${long}\nend`, `${long}\nanother end`])
})
