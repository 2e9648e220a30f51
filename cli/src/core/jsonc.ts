import { JsonFault, readJson, type JsonNode } from '@berth/contracts'

/**
 * The same text with the member at `path` set to `value`; every other character stays as it is. Objects on the way
 * are made where they are missing. Throws JsonFault where something else than an object is in the way.
 */
export function withMember(text: string, path: readonly string[], value: unknown): string {
  const root = readJson(text)
  const { node, rest } = follow(root, path)
  const unit = indentOf(text)
  if (rest.length === 0) {
    const depth = path.length
    return splice(text, node.start, node.end, shown(value, depth, unit, text))
  }
  if (!node.members) throw new JsonFault(`"${path[path.length - rest.length - 1] ?? 'it'}" is not an object`)
  const depth = path.length - rest.length + 1
  const [key, ...below] = rest as [string, ...string[]]
  const inner = below.reduceRight<unknown>((held, one) => ({ [one]: held }), value)
  const line = lineBreakOf(text)
  const lead = `${line}${unit.repeat(depth)}`
  const member = `${lead}${JSON.stringify(key)}: ${shown(inner, depth, unit, text)}`
  const at = node.start + 1
  if (node.members.length > 0) return splice(text, at, at, `${member},`)
  const between = text.slice(at, node.end - 1)
  const close = between.trim() ? '' : `${line}${unit.repeat(depth - 1)}`
  return splice(text, at, between.trim() ? at : node.end - 1, `${member}${close}`)
}

/**
 * The same text without the member at `path`; unchanged when there is none. Throws JsonFault where a comment would go
 * with it.
 */
export function withoutMember(text: string, path: readonly string[]): string {
  const { node: parent, rest } = follow(readJson(text), path.slice(0, -1))
  const members = parent.members ?? []
  const index = rest.length > 0 ? -1 : members.findIndex((one) => one.key === path.at(-1))
  if (index < 0) return text
  const member = members[index]!
  const first = index === 0
  const from = first ? parent.start + 1 : members[index - 1]!.node.end
  const to = first && members.length > 1 ? text.indexOf(',', member.node.end) + 1 : member.node.end
  const around = text.slice(from, member.start) + text.slice(member.node.end, to)
  if (/[^\s,]/.test(around)) throw new JsonFault(`a comment stands beside "${member.key}"`)
  return splice(text, from, to, '')
}

function follow(root: JsonNode, path: readonly string[]): { node: JsonNode; rest: string[] } {
  let node = root
  for (const [index, key] of path.entries()) {
    const member = node.members?.find((one) => one.key === key)
    if (!member) return { node, rest: path.slice(index) }
    node = member.node
  }
  return { node, rest: [] }
}

function shown(value: unknown, depth: number, unit: string, text: string): string {
  return JSON.stringify(value, null, unit).replace(/\n/g, `${lineBreakOf(text)}${unit.repeat(depth)}`)
}

const splice = (text: string, from: number, to: number, by: string): string =>
  text.slice(0, from) + by + text.slice(to)
const lineBreakOf = (text: string): string => (text.includes('\r\n') ? '\r\n' : '\n')
const indentOf = (text: string): string => /^([ \t]+)["/]/m.exec(text)?.[1] ?? '  '
