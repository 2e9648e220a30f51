import { problemCodes } from '@berth/contracts'
import type { Page } from '../pages.ts'
import { code, plain, table } from './table.ts'

export function errorsPage(): Page {
  const sections = Object.entries(problemCodes).map(
    ([name, { status, title, remedy }]) =>
      `## ${code(name)}\n\n**${status}. ${plain(title)}.** ${plain(remedy)}\n`,
  )
  const fields = table(
    ['field', 'meaning'],
    [
      ['`code`', 'one of the codes below; programs look at this'],
      ['`title`', 'what the code means'],
      ['`detail`', 'a sentence about this very refusal, to act on'],
      ['`status`', 'the HTTP status'],
      ['`requestId`', "the request's id, which stands in Berth's log and in the header `x-request-id`"],
      ['`errors`', 'for invalid input: every field at fault, with what would be right'],
      ['`notes`, `decisionId`', 'for what policy refused: why, and the decision that says it'],
      ['`current`', 'for a conflict of versions: how it is now'],
    ],
  )
  const body = `
Every refusal of the HTTP API is \`application/problem+json\` (RFC 9457), with one code of this closed list. The CLI and the
console show the same sentence.

${fields}

${sections.join('\n')}`
  return {
    slug: 'reference/errors',
    title: 'Error codes',
    description: 'Every error code of the HTTP API, what it means and what to do.',
    body,
    source: 'contracts/src/problem.ts',
    contentsTo: 2,
  }
}
