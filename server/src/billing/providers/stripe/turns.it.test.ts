import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestPlatform, type TestPlatform } from '../../../platform/testing/index.ts'
import { createTurns } from './turns.ts'

let platform: TestPlatform
beforeAll(async () => {
  platform = await openTestPlatform()
})
afterAll(() => platform?.close())

test('work of one name takes turns, also between processes, and holds up no work of another name', async () => {
  const [inTurn, elsewhere] = [createTurns(platform.db), createTurns(platform.db)]
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>()
  const done: number[] = []
  let [atOnce, most] = [0, 0]
  const many = Array.from({ length: 12 }, (_, number) =>
    (number % 2 ? inTurn : elsewhere)('one', async () => {
      most = Math.max(most, ++atOnce)
      await held
      atOnce--
      done.push(number)
    }),
  )
  expect(await inTurn('another', async () => done.length)).toBe(0)
  letGo()
  await Promise.all(many)
  expect(most).toBe(1)
  expect(done.filter((number) => number % 2)).toEqual([1, 3, 5, 7, 9, 11])
})

test('work that fails lets the next one go on', async () => {
  const inTurn = createTurns(platform.db)
  const results = await Promise.allSettled(
    Array.from({ length: 10 }, (_, number) =>
      inTurn('one', async () => {
        if (number % 2) throw new Error('failed')
        return number
      }),
    ),
  )
  expect(results.map(({ status }) => status === 'fulfilled')).toEqual(
    results.map((_, number) => number % 2 === 0),
  )
})
