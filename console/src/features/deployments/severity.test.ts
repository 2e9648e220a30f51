import type { SurfaceDifference } from '@berth/contracts'
import { expect, test } from 'vitest'
import { judge, judged } from './severity.ts'

const changed = (path: string, after: unknown = 'b'): SurfaceDifference => ({
  kind: 'tool',
  name: 'run',
  change: 'changed',
  fields: [{ path, before: 'a', after }],
})

test('what models read and what they hand over is grave; what only people see is not', () => {
  expect(judge(changed('/description')).severity).toBe('grave')
  expect(judge(changed('/inputSchema/properties/path/type')).severity).toBe('grave')
  expect(judge(changed('/annotations/readOnlyHint', true)).severity).toBe('notable')
  expect(judge(changed('/icons')).severity).toBe('slight')
  expect(judge({ ...changed(''), change: 'added' }).severity).toBe('grave')
  expect(judge({ ...changed(''), change: 'removed' }).severity).toBe('notable')
})

test('characters that cannot be seen make any difference grave, and it is said', () => {
  const { severity, sentences } = judge(changed('/icons', 'x\u202ey'))
  expect(severity).toBe('grave')
  expect(sentences.join(' ')).toContain('cannot be seen')
})

test('the worst stands first', () => {
  const order = judged([changed('/icons'), changed('/annotations/x'), changed('/description')])
  expect(order.map(({ severity }) => severity)).toEqual(['grave', 'notable', 'slight'])
})
