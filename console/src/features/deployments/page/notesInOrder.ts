import { type Decision, notes as meanings } from '@berth/contracts'

/** Notes that hold nothing, with what varies in them left open; what a gate could not know may hold. */
const harmless = Object.entries(meanings)
  .filter(([pattern, { pending }]) => pending === null && !pattern.startsWith('<'))
  .map(([pattern]) => new RegExp(`^${pattern.replaceAll(/<[^>]+>/g, '[^:]+')}$`))

/** The notes of a decision, those first that did not let it pass: a narrow column cuts off the rest. */
export function notesInOrder({ gates }: Pick<Decision, 'gates'>): string[] {
  return gates
    .flatMap(({ verdict, notes }) =>
      notes.map((note) => ({ note, holds: verdict !== 'pass' && !harmless.some((one) => one.test(note)) })),
    )
    .toSorted((a, b) => Number(b.holds) - Number(a.holds))
    .map(({ note }) => note)
}
