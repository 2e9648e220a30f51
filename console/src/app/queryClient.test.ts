import { type QueryClient, QueryObserver } from '@tanstack/react-query'
import { afterEach, expect, test, vi } from 'vitest'
import { ConsoleQueryClient, patchQueries } from './queryClient.ts'

const cleanups: (() => void)[] = []
afterEach(() => cleanups.splice(0).forEach((cleanup) => cleanup()))

/** Something on a server that grows, and a page that shows it; reads take until they are let go on. */
function show(queryClient: QueryClient) {
  const truth = ['first']
  const reads: (() => void)[] = []
  const read = () => {
    const answer = [...truth]
    return new Promise<string[]>((resolve) => reads.push(() => resolve(answer)))
  }
  const observer = new QueryObserver(queryClient, { queryKey: ['list', 'all'], queryFn: read })
  cleanups.push(observer.subscribe(() => {}))
  return {
    truth,
    reads: () => reads.length,
    shown: () => observer.getCurrentResult().data,
    async answer() {
      await vi.waitFor(() => expect(reads).not.toHaveLength(0))
      reads.shift()!()
    },
  }
}

test('what changes while a page is first read is read once more', async () => {
  const queryClient = new ConsoleQueryClient()
  const page = show(queryClient)
  page.truth.push('second')
  for (let n = 0; n < 3; n++) void queryClient.invalidateQueries({ queryKey: ['list'] })
  await page.answer()
  await page.answer()
  await vi.waitFor(() => expect(page.shown()).toEqual(['first', 'second']))
  expect(page.reads(), 'once more, however often it was told').toBe(0)
  page.truth.push('third')
  void queryClient.invalidateQueries({ queryKey: ['list'] })
  await page.answer()
  await vi.waitFor(() => expect(page.shown()).toEqual(['first', 'second', 'third']))
})

test('what changes while a page is read again is read once more', async () => {
  const queryClient = new ConsoleQueryClient()
  const page = show(queryClient)
  await page.answer()
  void queryClient.invalidateQueries()
  await vi.waitFor(() => expect(page.reads()).toBe(1))
  page.truth.push('second')
  void queryClient.invalidateQueries()
  await vi.waitFor(() => expect(page.reads()).toBe(2))
  await page.answer()
  await page.answer()
  await vi.waitFor(() => expect(page.shown()).toEqual(['first', 'second']))
})

test('an answer from before a change does not undo what was told of it', async () => {
  const queryClient = new ConsoleQueryClient()
  const page = show(queryClient)
  const tell = (word: string) =>
    patchQueries<string[]>(queryClient, ['list'], (known) =>
      known.includes(word) ? known : [...known, word],
    )
  tell('second')
  await page.answer()
  await vi.waitFor(() => expect(page.shown()).toEqual(['first', 'second']))
  void queryClient.invalidateQueries()
  await vi.waitFor(() => expect(page.reads()).toBe(1))
  tell('third')
  expect(page.shown()).toEqual(['first', 'second', 'third'])
  await page.answer()
  await vi.waitFor(() => expect(page.reads()).toBe(0))
  await vi.waitFor(() => expect(queryClient.isFetching()).toBe(0))
  expect(page.shown()).toEqual(['first', 'third'])
})
