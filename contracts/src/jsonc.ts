/** A value in a JSON text, with where it stands; comments and trailing commas are passed over. */
export interface JsonNode {
  start: number
  /** Just past its last character. */
  end: number
  value: unknown
  /** Of an object: its members in order. */
  members?: JsonMember[]
}

export interface JsonMember {
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

/** Deeper than any settings file, and far from where reading would run out of stack. */
const deepest = 200

class Reader {
  at = 0
  private depth = 0
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
      // A text is not repeated: it may be a secret.
      return this.fault(
        found.startsWith('"')
          ? 'a text holds a character it must escape'
          : `${found.slice(0, 20)} is not a value`,
      )
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
    this.depth += 1
    if (this.depth > deepest) this.fault('it is nested too deep')
    this.skip()
    while (this.text[this.at] !== close) {
      item()
      this.skip()
      if (this.text[this.at] === ',') {
        this.at += 1
        this.skip()
      } else if (this.text[this.at] !== close) this.fault('a comma is expected')
    }
    this.depth -= 1
    this.at += 1
  }
}
