import type { Decision } from '@berth/contracts'
import { mayHold } from '../../lifecycle/notes.ts'

/** The notes of a decision, those first that did not let it pass: a narrow column cuts off the rest. */
export function notesInOrder({ gates }: Pick<Decision, 'gates'>): string[] {
  return gates
    .flatMap(({ verdict, notes }) =>
      notes.map((note) => ({ note, holds: verdict !== 'pass' && mayHold(note) })),
    )
    .toSorted((a, b) => Number(b.holds) - Number(a.holds))
    .map(({ note }) => note)
}
