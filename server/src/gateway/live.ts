/** Talking to running deployments for the API: tools, single calls and logs, wherever their home is. */
import type { IncomingMessage } from 'node:http'
import { createInterface } from 'node:readline'
import { Refusal } from '../platform/problem.ts'
import type { LiveDeployments, RuntimeLogs, Homes, DeploymentRow } from '../runtime/service.ts'
import type { LogLine } from '@berth/contracts'
import type { Forwarder } from './forward.ts'
import type { Gateway } from './gateway.ts'

interface RpcAnswer {
  result?: Record<string, unknown>
  error?: { code: number; message: string; data?: unknown }
}

const listTimeoutMs = 30_000
const maxPages = 50

export function liveDeployments(
  gateway: Gateway,
  homes: Homes,
  logs: RuntimeLogs,
  forward: Forwarder,
): LiveDeployments {
  return {
    listTools: async (context, row) => {
      await gateway.directory.load(row.id)
      const tools: Record<string, unknown>[] = []
      let cursor: unknown
      for (let page = 0; page < maxPages; page++) {
        const params = cursor === undefined ? {} : { cursor }
        const caller = gateway.contextOf(context.principal, row)
        const answer = await gateway.callOnce(caller, row, {
          method: 'tools/list',
          params,
          timeoutMs: listTimeoutMs,
        })
        const { result, error } = JSON.parse(answer.text) as RpcAnswer
        if (error) throw new Refusal('tool_failed', error.message)
        tools.push(...((result?.['tools'] as Record<string, unknown>[] | undefined) ?? []))
        cursor = result?.['nextCursor']
        if (typeof cursor !== 'string') break
      }
      return tools
    },
    callTool: async (context, row, { tool, arguments: given, timeoutMs }) => {
      await gateway.directory.load(row.id)
      const params = { name: tool, arguments: given }
      const caller = gateway.contextOf(context.principal, row)
      const answer = await gateway.callOnce(caller, row, { method: 'tools/call', params, timeoutMs })
      const { result, error } = JSON.parse(answer.text) as RpcAnswer
      return {
        callId: answer.callId,
        ...(error ? { error } : { result }),
        latencyMs: answer.latencyUs / 1000,
      }
    },
    tail: async (row, lines) => {
      if (isHere(row)) return await logs.tail(row.id, { lines })
      const response = await forward.get(row, `/internal/logs/${row.id}?tail=${lines}`)
      if (response?.statusCode !== 200) return await logs.tail(row.id, { lines })
      const found: LogLine[] = []
      for await (const line of createInterface({ input: response })) found.push(JSON.parse(line) as LogLine)
      return found
    },
    follow: (row, { lines, after }, listener, onEnd) => {
      if (isHere(row)) return logs.follow(row.id, { lines, after }, listener)
      const path = `/internal/logs/${row.id}?tail=${lines}&after=${after}&follow=true`
      let stopped = false
      let response: IncomingMessage | null = null
      const read = async () => {
        response = await forward.get(row, path)
        if (!response || stopped) return
        for await (const line of createInterface({ input: response })) listener(JSON.parse(line) as LogLine)
      }
      // However it ends, the reader comes back and is led to where the deployment is by then.
      void read()
        .catch(() => {})
        .finally(() => {
          response?.destroy()
          onEnd()
        })
      return () => {
        stopped = true
        response?.destroy()
      }
    },
  }

  /** What has no home is read from this machine's files. */
  function isHere(row: DeploymentRow): boolean {
    return row.runnerId === null || homes.isHere(row)
  }
}
