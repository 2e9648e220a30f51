import dagre, { type Edge } from '@dagrejs/dagre'
import type { Machine } from '@berth/contracts'

interface Point {
  x: number
  y: number
}

/** The letters are monospaced: their widths are known without a browser. */
const letter = { node: 7.2, edge: 6.6 }
const height = 30

/**
 * A state machine as a drawing in HTML, on one line. Its colours are the page's. `id` tells several drawings of one page
 * apart.
 */
export function diagram(machine: Machine, id = machine.name): string {
  const graph = new dagre.graphlib.Graph({ multigraph: true })
  graph.setGraph({ rankdir: 'LR', nodesep: 26, ranksep: 34, edgesep: 14, marginx: 6, marginy: 6 })
  for (const state of machine.states) {
    graph.setNode(state, { width: state.length * letter.node + 22, height })
  }
  for (const [key, actions] of edgesOf(machine)) {
    const [from, to] = key.split(' ') as [string, string]
    const width = Math.max(...actions.map((action) => action.length)) * letter.edge + 10
    graph.setEdge(from, to, { label: actions.join(' · '), width, height: 16, labelpos: 'c' }, actions.join())
  }
  dagre.layout(graph)
  const { width = 0, height: tall = 0 } = graph.graph() as { width?: number; height?: number }
  const edges = graph.edges().map((edge: Edge) => drawEdge(id, graph.edge(edge)))
  const nodes = graph.nodes().map((name: string) => drawNode(machine, name, graph.node(name)))
  const marker = `<marker id="arrow-${id}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z"/></marker>`
  const size = `width="${Math.ceil(width)}" height="${Math.ceil(tall)}" viewBox="0 0 ${Math.ceil(width)} ${Math.ceil(tall)}"`
  const svg = `<svg ${size} role="img" aria-label="The states of a ${machine.name}, and what leads from one to another; the text says the same."><defs>${marker}</defs>${edges.join('')}${nodes.join('')}</svg>`
  return `<figure class="machine" tabindex="0" role="group" aria-label="Diagram: ${machine.name}">${svg}</figure>`
}

/** `from to` → the actions that lead there. */
function edgesOf(machine: Machine): Map<string, string[]> {
  const result = new Map<string, string[]>()
  for (const { action, from, to } of machine.edges) {
    for (const state of from) {
      const key = `${state} ${to}`
      result.set(key, [...(result.get(key) ?? []), action])
    }
  }
  return result
}

function drawNode({ initial, terminal }: Machine, name: string, at: Point & { width: number }): string {
  const kind = name === initial ? 'first' : terminal.includes(name) ? 'last' : ''
  const box = `x="${round(at.x - at.width / 2)}" y="${round(at.y - height / 2)}" width="${round(at.width)}" height="${height}" rx="6"`
  return `<g class="state ${kind}"><rect ${box}/><text x="${round(at.x)}" y="${round(at.y)}">${name}</text></g>`
}

function drawEdge(id: string, edge: Point & { points: Point[]; label: string }): string {
  const path = `<path d="${curve(edge.points)}" marker-end="url(#arrow-${id})"/>`
  return `<g class="edge">${path}<text x="${round(edge.x)}" y="${round(edge.y)}">${edge.label}</text></g>`
}

/** A smooth line through points: straight to the middle of the first stretch, then bent at each point. */
function curve(points: Point[]): string {
  const [first, ...rest] = points
  const last = rest.at(-1)!
  const middle = (a: Point, b: Point) => `${round((a.x + b.x) / 2)} ${round((a.y + b.y) / 2)}`
  const bends = rest
    .slice(0, -1)
    .map((point, i) => `Q${round(point.x)} ${round(point.y)} ${middle(point, rest[i + 1]!)}`)
  return `M${round(first!.x)} ${round(first!.y)}${bends.join('')}L${round(last.x)} ${round(last.y)}`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
