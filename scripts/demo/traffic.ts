/** The load driver: one call after the other, by real MCP clients, at the pace of people. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { Agent, Step } from './agents.ts'

/** Between two calls of all agents together; milliseconds. At most 2.5 calls a second, about 1.5 on average. */
const shortestPause = 400
const furtherPause = 500
const callMs = 15_000

interface Counts {
  answered: number
  /** Answers in which the tool reports an error, and refusals by Berth. */
  failed: number
}

/** An agent's client; opens a session when there is none, and anew after one was refused or lost. */
class Caller {
  readonly agent: Agent
  private session: Client | null = null

  constructor(agent: Agent) {
    this.agent = agent
  }

  /** Makes one call; whether the tool answered without an error. */
  async call({ tool, args }: Step): Promise<boolean> {
    try {
      const session = (this.session ??= await this.open())
      const { isError } = await session.callTool({ name: tool, arguments: args }, { timeout: callMs })
      return isError !== true
    } catch (error) {
      // A JSON-RPC error leaves the session as it was; of anything else it is not known.
      if (!(error instanceof Error && error.name === 'ProtocolError')) await this.close()
      return false
    }
  }

  async close(): Promise<void> {
    const { session } = this
    this.session = null
    await session?.close().catch(() => undefined)
  }

  private async open(): Promise<Client> {
    const { name, url, token } = this.agent
    const client = new Client({ name, version: '1.0.0' })
    const headers = { authorization: `Bearer ${token}` }
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }), {
      timeout: callMs,
    })
    return client
  }
}

/** One call in a session of its own. */
export async function callOnce(agent: Agent, step: Step): Promise<void> {
  const caller = new Caller(agent)
  await caller.call(step)
  await caller.close()
}

/** Lets the agents call until the signal is aborted; rejects then. */
export async function drive(agents: Agent[], counts: Counts, signal: AbortSignal): Promise<never> {
  const callers = agents.map((agent) => new Caller(agent))
  const lots = callers.flatMap((caller) => Array.from({ length: caller.agent.weight }, () => caller))
  try {
    for (;;) {
      await sleep(shortestPause + Math.random() * furtherPause, undefined, { signal })
      const caller = lots[Math.floor(Math.random() * lots.length)]!
      const answered = await caller.call(caller.agent.next())
      counts[answered ? 'answered' : 'failed'] += 1
    }
  } finally {
    await Promise.all(callers.map((caller) => caller.close()))
  }
}
