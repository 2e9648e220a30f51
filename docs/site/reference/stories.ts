/** Drawings in written pages: `<!-- machine: subscription fall-due pay -->` is the part of the machine with these actions. */
import { machines, type Machine } from '@berth/contracts'
import { diagram } from './diagram.ts'

const pattern = /^<!-- machine: (?<name>[a-z-]+)(?<actions>(?: [a-z-]+)+) -->$/gm

/** A page's text with its drawings. Throws where it names a machine or an action that there is none of. */
export function drawStories(body: string): string {
  return body.replace(pattern, (whole, name: string, actions: string) => {
    const machine = (machines as readonly Machine[]).find((one) => one.name === name)
    if (!machine) throw new Error(`${whole}: there is no machine ${name}.`)
    const told = actions.trim().split(' ')
    const edges = machine.edges.filter(({ action }) => told.includes(action))
    const unknown = told.filter((action) => !edges.some((edge) => edge.action === action))
    if (unknown.length > 0) throw new Error(`${whole}: a ${name} has no action ${unknown.join(', ')}.`)
    const reached = new Set(edges.flatMap(({ from, to }) => [...from, to]))
    const states = machine.states.filter((state) => reached.has(state))
    return diagram({ ...machine, states, edges }, [name, ...told].join('-'))
  })
}
