/** A run of words that two texts share, or that only one of them has. */
export interface Piece {
  kind: 'same' | 'before' | 'after'
  text: string
}

/** Longer texts are compared by lines, and longer than that only as a whole. */
const mostWords = 1500
const mostLines = 3000

/** Where two texts differ, word by word: what both have, what only the one and what only the other has, in order. */
export function compareWords(before: string, after: string): Piece[] {
  if (before === after) return before ? [{ kind: 'same', text: before }] : []
  const words = (text: string) => text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? []
  const lines = (text: string) => text.match(/[^\n]*\n|[^\n]+/g) ?? []
  let [old, present] = [words(before), words(after)]
  if (old.length > mostWords || present.length > mostWords) [old, present] = [lines(before), lines(after)]
  if (old.length > mostLines || present.length > mostLines) [old, present] = [[before], [after]]
  return joined(compare(old, present))
}

/** The longest common subsequence, told as what stays, goes and comes; shared ends are cut off first. */
function compare(old: string[], present: string[]): Piece[] {
  let start = 0
  while (start < old.length && start < present.length && old[start] === present[start]) start++
  let [endOld, endPresent] = [old.length, present.length]
  while (endOld > start && endPresent > start && old[endOld - 1] === present[endPresent - 1]) {
    endOld--
    endPresent--
  }
  const [a, b] = [old.slice(start, endOld), present.slice(start, endPresent)]
  const same = (part: string[]): Piece[] => part.map((text) => ({ kind: 'same', text }))
  return [...same(old.slice(0, start)), ...middle(a, b), ...same(old.slice(endOld))]
}

function middle(a: string[], b: string[]): Piece[] {
  const width = b.length + 1
  const longest = new Uint16Array((a.length + 1) * width)
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      longest[i * width + j] =
        a[i] === b[j]
          ? longest[(i + 1) * width + j + 1]! + 1
          : Math.max(longest[(i + 1) * width + j]!, longest[i * width + j + 1]!)
  const pieces: Piece[] = []
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      pieces.push({ kind: 'same', text: a[i]! })
      i++
      j++
    } else if (
      j === b.length ||
      (i < a.length && longest[(i + 1) * width + j]! >= longest[i * width + j + 1]!)
    )
      pieces.push({ kind: 'before', text: a[i++]! })
    else pieces.push({ kind: 'after', text: b[j++]! })
  }
  return pieces
}

/** Neighbours of one kind as one; a change on both sides of a mere space takes the space along. */
function joined(pieces: Piece[]): Piece[] {
  const out: Piece[] = []
  for (let at = 0; at < pieces.length; at++) {
    const { kind, text } = pieces[at]!
    const last = out.at(-1)
    const space = kind === 'same' && /^\s+$/.test(text)
    const between = space && last && last.kind !== 'same' && pieces[at + 1] && pieces[at + 1]!.kind !== 'same'
    if (between) {
      add(out, { kind: 'before', text })
      add(out, { kind: 'after', text })
    } else add(out, { kind, text })
  }
  return out
}

/** Adds to what only one side has across what only the other has, since they stand for each other. */
function add(out: Piece[], piece: Piece): void {
  const [last, before] = [out.at(-1), out.at(-2)]
  if (last?.kind === piece.kind) last.text += piece.text
  else if (piece.kind !== 'same' && last && last.kind !== 'same' && before?.kind === piece.kind)
    before.text += piece.text
  else out.push({ ...piece })
}
