import { expect, test } from 'vitest'
import { afterCursor, timeIn, toCursor } from './page.ts'

test('a time comes back out of a cursor, and what is none that the database knows is refused', () => {
  const at = new Date('2026-01-31T09:00:00.123Z')
  expect(timeIn(afterCursor(toCursor(at.toISOString()))!)).toEqual(at)
  for (const text of [undefined, '', 'x', '-271821-04-20T00:00:00.000Z', '+275760-09-13T00:00:00.000Z'])
    expect(() => timeIn(text)).toThrow('This cursor is not one that a list gave.')
})
