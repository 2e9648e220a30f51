import { machines, type Machine } from '@berth/contracts'
import type { Page } from '../pages.ts'
import { diagram } from './diagram.ts'
import { code, table } from './table.ts'

export function machinesPage(): Page {
  const body = `
What has a state changes it only along these edges. An action that a state does not allow is refused with
[\`invalid_state\`](../../contracts/src/problem.ts#invalid_state) and the sentence in the last column; the console disables the button with the same
sentence. The first state has a strong border, states that nothing leaves are filled.

${(machines as readonly Machine[]).map(section).join('\n')}`
  return {
    slug: 'reference/states',
    title: 'States',
    description: 'Every state machine, as a picture and as a table.',
    body,
    source: 'contracts/src/machines.ts',
  }
}

function section(machine: Machine): string {
  const rows = machine.edges.map(({ action, from, to, by, refusal }) => [
    code(action),
    from.map(code).join(', '),
    code(to),
    by,
    refusal,
  ])
  return `## ${machine.name}

${diagram(machine)}

${table(['action', 'from', 'to', 'by', 'otherwise'], rows)}
`
}
