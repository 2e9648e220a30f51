import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { openSse, type SseStream } from './sse.ts'

let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

/** A stream that a real client reads. */
async function opened(stillAllowed: () => Promise<boolean>): Promise<{ sse: SseStream; client: Response }> {
  const sse = Promise.withResolvers<SseStream>()
  server = createServer((_request, response) =>
    sse.resolve(openSse(response, { lastEventId: undefined, stillAllowed })),
  )
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
  const client = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  return { sse: await sse.promise, client }
}

test('what waits for the answer whether the caller is still allowed is bounded', async () => {
  const answer = Promise.withResolvers<boolean>()
  const { sse, client } = await opened(() => answer.promise)
  sse.recheck()
  const data = 'x'.repeat(1024 * 1024)
  for (let n = 0; n < 5 && !sse.closed; n++) sse.send({ event: 'event', data })
  expect(sse.closed).toBe(true)
  answer.resolve(true)
  await expect(client.text()).rejects.toThrow('terminated')
})

test('what was sent meanwhile arrives in order once the caller is known to be allowed', async () => {
  const answer = Promise.withResolvers<boolean>()
  const { sse, client } = await opened(() => answer.promise)
  sse.recheck()
  for (const data of ['1', '2', '3']) sse.send({ event: 'event', data })
  const caughtUp = sse.drained()
  expect(caughtUp).not.toBeNull()
  answer.resolve(true)
  await caughtUp
  sse.close()
  const text = await client.text()
  expect([...text.matchAll(/data: (\d)/g)].map((one) => one[1])).toEqual(['1', '2', '3'])
})

test('nothing of it arrives when the caller is not', async () => {
  const { sse, client } = await opened(() => Promise.resolve(false))
  sse.recheck()
  sse.send({ event: 'event', data: 'secret' })
  const text = await client.text()
  expect(text).toContain('event: revoked')
  expect(text).not.toContain('secret')
})
