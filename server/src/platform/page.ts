import { Refusal } from './problem.ts'

/** Cuts one page from rows asked for with `limit + 1`; the cursor is the last row's sorting key, opaque to callers. */
export function cutPage<Row, Item>(
  rows: Row[],
  limit: number,
  keyOf: (row: Row) => string,
  toItem: (row: Row) => Item,
): { items: Item[]; nextCursor: string | null } {
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  const nextCursor = rows.length > limit && last ? toCursor(keyOf(last)) : null
  return { items: page.map(toItem), nextCursor }
}

/** A sorting key as a cursor, opaque to callers. */
export const toCursor = (key: string): string => Buffer.from(key).toString('base64url')

/** The sorting key in a cursor; null without one. */
export function afterCursor(cursor: string | undefined): string | null {
  if (cursor === undefined) return null
  const key = Buffer.from(cursor, 'base64url').toString()
  if (!/^[\x20-\x7e]{1,300}$/.test(key))
    throw new Refusal('invalid_input', 'This cursor is not one that a list gave.')
  return key
}

/** A time in a sorting key. Throws `invalid_input` for what no list gave, also for years that the database has none of. */
export function timeIn(text: string | undefined): Date {
  const at = new Date(text ?? '')
  const year = at.getUTCFullYear()
  if (year >= 0 && year <= 9999) return at
  throw new Refusal('invalid_input', 'This cursor is not one that a list gave.')
}
