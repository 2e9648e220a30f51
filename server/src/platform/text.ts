/** Texts that people and servers send may hold what neither PostgreSQL nor canonical JSON takes: NUL and half surrogate pairs. */

/** The same JSON value with every text, also the names of members, changed. */
export function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value)
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [change(key), mapTexts(inner, change)]),
  )
}

/** The text with a replacement character in the place of each character that cannot be stored. */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\u0000', '\ufffd')
}

/** Whether JSON, as `JSON.stringify` writes it, may hold a text that cannot be stored. */
export function mayBeUnstorable(json: string): boolean {
  return /\\u(?:0000|d[89a-f])/.test(json)
}
