import { notes, pendingMeanings } from '@berth/contracts'
import type { Page } from '../pages.ts'
import { code, plain, table } from './table.ts'

type Note = (typeof notes)[keyof typeof notes]

export function notesPage(): Page {
  const all = Object.entries(notes) as [string, Note][]
  const body = `
Every gate leaves notes on a [decision](../../docs/concepts/decision.md): stable words for programs, \`area:fact\`, some with a detail. People
get the same as sentences (\`mcpctl policy explain\`). A deployment that is held carries the notes of the decision that holds it,
and the status it waits for.

## Pending statuses

What a held deployment waits for. It goes on by itself once that has come.

${table(
  ['status', 'meaning', 'notes that lead to it'],
  Object.entries(pendingMeanings).map(([status, meaning]) => {
    const leading = all.filter(([, { pending }]) => pending === status).map(([note]) => code(note))
    return [code(status), plain(meaning), leading.join(', ') || 'none in this version']
  }),
)}

## Notes

A note without a status is left where things are well, or says only that something is not known; what a deployment then waits for
stands in the decision.

${all.map(section).join('\n')}`
  return {
    slug: 'reference/notes',
    title: 'Notes and pending statuses',
    description:
      'Every note that a decision can carry, and every status that a held deployment can wait for.',
    body,
    source: 'contracts/src/notes.ts',
  }
}

function section([note, { meaning, remedy, pending }]: [string, Note]): string {
  const status = pending ? ` Waits for ${code(pending)}.` : ''
  return `### ${code(note)}\n\n${plain(meaning)} **What to do:** ${plain(remedy)}${status}\n`
}
