import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { api } from '@berth/contracts'
import { afterEach, describe, expect, it } from 'vitest'
import { createContext } from './context.ts'
import { NotSignedInError } from './errors.ts'
import { follow, type Following } from './streams.ts'

type Script = (request: IncomingMessage, response: ServerResponse, connection: number) => void

const closers: (() => void)[] = []

/** A peer that breaks connections in the ways networks do, which the real server cannot be made to do on command. */
async function peer(script: Script) {
  const lastEventIds: (string | undefined)[] = []
  const server = createServer((request, response) => {
    lastEventIds.push(request.headers['last-event-id'] as string | undefined)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    script(request, response, lastEventIds.length)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, lastEventIds }
}

afterEach(() => {
  for (const close of closers.splice(0)) close()
})

const event = (seq: number) => `id: c${seq}\nevent: event\ndata: {"seq":${seq}}\n\n`
const seqOf = (data: unknown) => (data as { seq: number }).seq

/** Follows until `wanted` events came; the numbers in the order they came. */
async function gather(url: string, wanted: number, more: Partial<Following> = {}): Promise<number[]> {
  const controller = new AbortController()
  const seen: number[] = []
  await follow(
    createContext({ url, color: false }, 'token'),
    api.audit.stream,
    { query: {} },
    {
      signal: controller.signal,
      positionOf: (data) => ({ series: 'one', position: seqOf(data) }),
      onEvent: (data) => {
        seen.push(seqOf(data))
        if (seen.length === wanted) controller.abort()
      },
      ...more,
    },
  )
  return seen
}

describe('following a stream', () => {
  it('resumes where it was when the connection breaks in the middle of an event', async () => {
    const { url, lastEventIds } = await peer((_request, response, connection) => {
      response.write(connection > 1 ? event(3) + event(4) : event(1) + event(2) + event(3).slice(0, 14))
      if (connection === 1) setTimeout(() => response.destroy(), 20)
    })
    expect(await gather(url, 4)).toEqual([1, 2, 3, 4])
    expect(lastEventIds).toEqual([undefined, 'c2'])
  })

  it('drops what a server sends twice', async () => {
    const { url } = await peer((_request, response, connection) => {
      response.write(event(1) + event(1) + event(2))
      if (connection > 1) response.write(event(3))
      else response.end()
    })
    expect(await gather(url, 3)).toEqual([1, 2, 3])
  })

  it('keeps the position of `ready`, so that nothing is lost before the first event', async () => {
    const { url, lastEventIds } = await peer((_request, response, connection) => {
      if (connection > 1) response.write(event(1))
      else response.write('event: ready\ndata: {"cursor":"early"}\n\n')
      if (connection === 1) response.end('event: ready\ndata: {"cursor":"here"}\n\n')
    })
    let ready = 0
    expect(await gather(url, 1, { onReady: () => void ready++ })).toEqual([1])
    expect(lastEventIds).toEqual([undefined, 'here'])
    expect(ready).toBe(1)
  })

  it('takes a new start at `reset`, and says so', async () => {
    let resets = 0
    const { url } = await peer((_request, response) => {
      response.write(`${event(7)}event: reset\ndata: {"cursor":"new"}\n\n${event(1)}`)
    })
    expect(await gather(url, 2, { onReset: () => void resets++ })).toEqual([7, 1])
    expect(resets).toBe(1)
  })

  it('gives up a connection that fell silent', async () => {
    const { url, lastEventIds } = await peer((_request, response, connection) => {
      response.write(event(connection))
    })
    expect(await gather(url, 2, { silenceMs: 100 })).toEqual([1, 2])
    expect(lastEventIds).toEqual([undefined, 'c1'])
  })

  it('ends when the sign-in is revoked', async () => {
    const { url } = await peer((_request, response) => response.write('event: revoked\ndata: {}\n\n'))
    await expect(gather(url, 1)).rejects.toThrow(NotSignedInError)
  })

  it('fails at once when the very first connection cannot be made', async () => {
    await expect(gather('http://127.0.0.1:1', 1)).rejects.toThrow('does not answer')
  })

  it('does not try again when our own handling fails', async () => {
    const { url, lastEventIds } = await peer((_request, response) => response.write(event(1)))
    const failing = () => {
      throw new TypeError('a fault')
    }
    await expect(gather(url, 1, { onEvent: failing })).rejects.toThrow('a fault')
    expect(lastEventIds).toHaveLength(1)
  })
})
