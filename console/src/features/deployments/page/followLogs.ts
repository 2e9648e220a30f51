import { api, ApiError, type LogLine } from '@berth/contracts'
import { createParser } from 'eventsource-parser'
import { useEffect, useState } from 'react'
import { client } from '../../../api/client.ts'

/** How many lines are kept; older ones fall off. */
const keep = 3000
const tail = 1000
const firstWaitMs = 500
const longestWaitMs = 10_000

export interface Followed {
  /** Oldest first. */
  lines: readonly LogLine[]
  /** `lost`: it is tried again; `refused`: it is not. */
  state: 'connecting' | 'live' | 'lost' | 'refused'
  /** Why it is not followed; null: it is, or nobody said. */
  fault: unknown
}

/** The lines that a deployment's processes write, as they write them; a lost stream is resumed where it ended. */
export function useFollowedLogs(organizationId: string, deploymentId: string): Followed {
  const [followed, setFollowed] = useState<Followed>({ lines: [], state: 'connecting', fault: null })
  useEffect(() => {
    const stop = new AbortController()
    let last: LogLine | undefined
    let fresh: LogLine[] = []
    let painting = 0
    const paint = () => {
      painting = 0
      const more = fresh
      fresh = []
      setFollowed((before) => ({ ...before, lines: [...before.lines, ...more].slice(-keep) }))
    }
    const take = (line: LogLine) => {
      if (last && line.line <= last.line) return
      last = line
      fresh.push(line)
      painting ||= requestAnimationFrame(paint)
    }
    const become = (state: Followed['state'], fault: unknown = null) =>
      setFollowed((before) => ({ ...before, state, fault }))

    async function listen(): Promise<void> {
      const parser = createParser({
        onEvent: ({ event, data }) => {
          if (event === 'line') take(JSON.parse(data) as LogLine)
        },
      })
      const response = await client.send(
        api.deployments.followLogs,
        { params: { organizationId, deploymentId }, query: { tail } },
        { signal: stop.signal, ...(last ? { headers: { 'last-event-id': String(last.line) } } : {}) },
      )
      become('live')
      const decoder = new TextDecoder()
      const reader = response.body!.getReader()
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return
        parser.feed(decoder.decode(value, { stream: true }))
      }
    }

    async function follow(): Promise<void> {
      let waitMs = firstWaitMs
      while (!stop.signal.aborted) {
        let fault: unknown = null
        try {
          await listen()
          waitMs = firstWaitMs
        } catch (error) {
          fault = error
        }
        if (stop.signal.aborted) return
        if (fault instanceof ApiError && fault.problem.status < 500) return become('refused', fault)
        become('lost', fault)
        await new Promise((resolve) => setTimeout(resolve, waitMs))
        waitMs = Math.min(2 * waitMs, longestWaitMs)
      }
    }

    void follow()
    return () => {
      stop.abort()
      cancelAnimationFrame(painting)
    }
  }, [organizationId, deploymentId])
  return followed
}
