import { ApiError } from '@berth/contracts'
import { expect, test } from 'vitest'
import { eventually } from './eventually.ts'

const refusal = (status: number, code: 'unavailable' | 'not_found') =>
  new ApiError({ type: 'about:blank', title: 'No', status, code, detail: 'No.', requestId: 'req_1' })
const { signal } = new AbortController()

test('a Berth that is overloaded for a moment is asked again; what it refuses for good ends the waiting', async () => {
  let asked = 0
  await eventually('it answers', signal, async () => {
    if (++asked === 1) throw refusal(503, 'unavailable')
    return true
  })
  expect(asked).toBe(2)
  await expect(
    eventually('it answers', signal, () => Promise.reject(refusal(404, 'not_found'))),
  ).rejects.toMatchObject({ problem: { code: 'not_found' } })
})
