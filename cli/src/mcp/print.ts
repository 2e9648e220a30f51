import type { Surface } from '@berth/contracts'
import type { Output } from '../core/output.ts'
import { textOf } from '../core/text.ts'

/** Prints tools as a table; descriptions are texts from strangers and shown inert. */
export function printTools(out: Output, tools: Surface['tools']): void {
  out.line()
  out.table(
    tools,
    [
      { title: 'tool', cell: (tool) => textOf(tool['name']) },
      { title: 'description', cell: (tool) => textOf(tool['description']), max: 100 },
    ],
    'It offers no tools.',
  )
}
