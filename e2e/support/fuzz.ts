/** Made-up values for requests: the same for the same seed. */

export interface Random {
  /** True with the given probability. */
  chance(probability: number): boolean
  pick<T>(from: readonly T[]): T
}

/** A small generator of pseudo-random numbers (mulberry32). */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    chance: (probability) => next() < probability,
    pick: (from) => from[Math.floor(next() * from.length)]!,
  }
}

const base64url = (text: string) => Buffer.from(text).toString('base64url')

export const nastyTexts = [
  '',
  ' ',
  'x',
  'null',
  '-1',
  '1e999',
  '99999999999999999999',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\u202e\u0007',
  "'; drop table users; --",
  '%',
  '../../etc/passwd',
  '__proto__',
  'constructor',
  'x'.repeat(10_000),
  'é'.repeat(100),
  'org_00000000000000000000000000',
  'wsp_7zzzzzzzzzzzzzzzzzzzzzzzzz',
  'dep_00000000000000000000000000',
  '2026-13-45T99:99:99Z',
  '+275760-09-13T00:00:00.000Z',
  'http://[::1',
  base64url('1'),
  base64url('-1'),
  base64url('99999999999999999999'),
  base64url('2026-01-01 x'),
  base64url('+275760-09-13T00:00:00.000Z x'),
  base64url('-271821-04-20T00:00:00.000Z x'),
  base64url('\u0000'),
  base64url('[["org_x",1]]'),
]

const nastyValues = [
  null,
  true,
  0,
  -1,
  0.5,
  2 ** 31,
  2 ** 53,
  1e300,
  -0,
  [],
  {},
  [[]],
  [null],
  { a: { b: { c: {} } } },
  JSON.parse('{"__proto__":{"x":1},"constructor":1,"toString":2}') as unknown,
  Array.from({ length: 2000 }, (_, n) => n),
]

/** Something that is seldom expected anywhere. */
export function nasty(random: Random): unknown {
  return random.chance(0.6) ? random.pick(nastyTexts) : random.pick(nastyValues)
}

export interface Schema {
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  additionalProperties?: Schema | boolean
  pattern?: string
  format?: string
  minimum?: number
  minItems?: number
}

/**
 * A value that a schema allows as far as it is easily told, each part of it nasty with a probability. `known` gives the
 * ids of things that exist, by field and by prefix.
 */
export function fuzzed(
  random: Random,
  schema: Schema,
  known: Record<string, string>,
  wrong: number,
): unknown {
  if (random.chance(wrong / 2)) return nasty(random)
  const inner = (one: Schema) => fuzzed(random, one, known, wrong)
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return inner(random.pick(choices))
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map(inner))
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return random.pick(schema.enum)
  const type = Array.isArray(schema.type) ? random.pick(schema.type) : schema.type
  if (type === 'object') return objectOf(random, schema, known, wrong)
  if (type === 'array') return random.chance(0.3) && !schema.minItems ? [] : [inner(schema.items ?? {})]
  if (type === 'integer' || type === 'number') return Math.max(schema.minimum ?? 1, 1)
  if (type === 'boolean') return random.chance(0.5)
  if (type === 'null') return null
  if (type === 'string') return textOf(random, schema, known)
  return nasty(random)
}

function objectOf(random: Random, schema: Schema, known: Record<string, string>, wrong: number): unknown {
  const given: [string, unknown][] = []
  for (const [name, one] of Object.entries(schema.properties ?? {})) {
    const required = schema.required?.includes(name) ?? false
    if (!random.chance(required ? 1 - wrong / 4 : 0.5)) continue
    given.push([name, known[name] ?? fuzzed(random, one, known, wrong)])
  }
  const more = schema.additionalProperties
  if (typeof more === 'object') given.push(['key', fuzzed(random, more, known, wrong)])
  if (random.chance(wrong / 4)) given.push([random.pick(['extra', 'a\u0000b', 'constructor']), nasty(random)])
  return Object.fromEntries(given)
}

function textOf(random: Random, { pattern = '', format }: Schema, known: Record<string, string>): string {
  const prefix = /^\^([a-z]{3})_/.exec(pattern)?.[1]
  if (prefix) return known[prefix] ?? `${prefix}_00000000000000000000000000`
  if (format === 'email') return 'nobody@example.com'
  if (format === 'uri') return 'https://mcp.example.com/'
  if (format === 'date-time') return '2026-01-01T00:00:00Z'
  if (pattern.startsWith('^sha256')) return `sha256:${'0'.repeat(64)}`
  return random.pick(['fuzz', 'local/access', 'run', 'community', '1.0.0', 'NAME', 'Europe/Berlin'])
}
