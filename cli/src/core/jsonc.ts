/** A value in a JSON text, with where it stands; comments and trailing commas are passed over. */
export interface JsonNode {
  start: number
  /** Just past its last character. */
  end: number
  value: unknown
  /** Of an object: its members in order. */
  members?: JsonMember[]
}

interface JsonMember {
  key: string
  start: number
  node: JsonNode
}

/** A text that is not JSON, with or without comments. */
export class JsonFault extends Error {
  override readonly name = 'JsonFault'
}

/**
 * Reads JSON as people keep it in settings files: comments and trailing commas are allowed, a doubled key is not.
 * Throws JsonFault with the line of the fault.
 */
export function readJson(text: string): JsonNode {
  const reader = new Reader(text)
  reader.skip()
  const node = reader.value()
  reader.skip()
  if (reader.at < text.length) reader.fault('something follows after its end')
  return node
}

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

class Reader {
  at = 0
  private readonly text: string

  constructor(text: string) {
    this.text = text
  }

  fault(what: string): never {
    const line = this.text.slice(0, this.at).split('\n').length
    throw new JsonFault(`line ${line}: ${what}`)
  }

  /** Passes over white space and comments. */
  skip(): void {
    const blank = /(?:[\s\ufeff]|\/\/[^\n]*|\/\*[^]*?\*\/)*/y
    blank.lastIndex = this.at
    blank.exec(this.text)
    this.at = blank.lastIndex
  }

  value(): JsonNode {
    const start = this.at
    const sign = this.text[start]
    if (sign === '{') return this.object(start)
    if (sign === '[') return this.array(start)
    const scalar = /"(?:[^"\\\n]|\\.)*"|-?\d[\d.eE+-]*|true|false|null/y
    scalar.lastIndex = start
    const found = scalar.exec(this.text)?.[0]
    if (found === undefined)
      this.fault(start < this.text.length ? 'a value is expected' : 'it ends too early')
    this.at += found.length
    try {
      return { start, end: this.at, value: JSON.parse(found) as unknown }
    } catch {
      return this.fault(`${found.slice(0, 20)} is not a value`)
    }
  }

  private object(start: number): JsonNode {
    const members: JsonMember[] = []
    this.items('}', () => {
      const from = this.at
      const { value: key } =
        this.text[from] === '"' ? this.value() : this.fault('a name in quotes is expected')
      if (members.some((one) => one.key === key)) this.fault(`${JSON.stringify(key)} is there twice`)
      this.skip()
      if (this.text[this.at] !== ':') this.fault('a colon is expected')
      this.at += 1
      this.skip()
      members.push({ key: key as string, start: from, node: this.value() })
    })
    const value = Object.fromEntries(members.map((one) => [one.key, one.node.value]))
    return { start, end: this.at, value, members }
  }

  private array(start: number): JsonNode {
    const items: unknown[] = []
    this.items(']', () => items.push(this.value().value))
    return { start, end: this.at, value: items }
  }

  /** Reads what stands between brackets, with commas between, up to `close`. */
  private items(close: string, item: () => void): void {
    this.at += 1
    this.skip()
    while (this.text[this.at] !== close) {
      item()
      this.skip()
      if (this.text[this.at] === ',') {
        this.at += 1
        this.skip()
      } else if (this.text[this.at] !== close) this.fault('a comma is expected')
    }
    this.at += 1
  }
}
