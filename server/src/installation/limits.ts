import {
  maxTokenDays,
  pageQuery,
  type EndpointOutput,
  type FixedLimit,
  type limitEndpoints,
  type RequestLimit,
} from '@berth/contracts'
import { guessing } from '../identity/service.ts'
import { maxBodyBytes } from '../platform/http/limits.ts'
import { maxBuffered } from '../platform/http/sse.ts'
import { usualLimits } from '../relay/service.ts'
import { usualTimings } from '../runtime/service.ts'

const fixed: FixedLimit[] = [
  {
    name: 'sign-in.tries',
    value: guessing.max,
    unit: 'tries',
    sentence: `How often one may try a password or a code at one place within ${guessing.seconds / 60} min.`,
  },
  {
    name: 'token.days',
    value: maxTokenDays,
    unit: 'days',
    sentence: 'The longest that a token holds, unless it is made to hold until it is revoked.',
  },
  {
    name: 'api.body',
    value: maxBodyBytes,
    unit: 'bytes',
    sentence: 'The largest body of a request to the API; a larger one is refused with 413.',
  },
  {
    name: 'api.page',
    value: pageQuery.shape.limit.unwrap().maxValue!,
    unit: 'items',
    sentence: 'The most that one page of a list holds; the next cursor leads to the rest.',
  },
  {
    name: 'api.stream-backlog',
    value: maxBuffered,
    unit: 'bytes',
    sentence: 'How far a reader of a stream may fall behind; it is then cut off and resumes where it was.',
  },
  {
    name: 'mcp.body',
    value: usualLimits.maxBodyBytes,
    unit: 'bytes',
    sentence: 'The largest message to an MCP server; a larger one is refused with 413.',
  },
  {
    name: 'mcp.batch',
    value: usualLimits.maxBatch,
    unit: 'messages',
    sentence: 'The most messages in one batch.',
  },
  {
    name: 'mcp.in-flight',
    value: usualLimits.maxInFlight,
    unit: 'requests',
    sentence:
      'The most requests of one session that wait for an answer at a time; more are refused with 429.',
  },
  {
    name: 'mcp.call',
    value: usualLimits.maxCallMs / 1000,
    unit: 'seconds',
    sentence: 'How long a call may take before it is answered with an error.',
  },
  {
    name: 'mcp.session-idle',
    value: usualLimits.idleMs / 1000,
    unit: 'seconds',
    sentence: 'A session without requests or streams for so long is closed.',
  },
  {
    name: 'deployment.processes',
    value: usualTimings.maxProcesses,
    unit: 'processes',
    sentence: 'The most processes of one deployment: one for each caller, unless its server is shared.',
  },
  {
    name: 'deployment.process-idle',
    value: usualTimings.idleMs / 1000,
    unit: 'seconds',
    sentence: "How long a caller's process stays after its last session.",
  },
]

/** What holds for a caller: how many requests are left, and what does not change. */
export function limitsOf(requests: RequestLimit | null): EndpointOutput<typeof limitEndpoints.mine> {
  return { requests, fixed }
}
