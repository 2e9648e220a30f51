/** Who calls the tools of the demo's world: each agent with a token of its own, and what it is after. */
import { api, type Deployment } from '@berth/contracts'
import type { Reference } from './reference.ts'
import type { Place, World } from './world.ts'

export interface Step {
  tool: string
  args: Record<string, unknown>
}

export interface Agent {
  name: string
  /** The deployment it calls. */
  url: string
  token: string
  /** How often it calls, beside the others. */
  weight: number
  next(): Step
}

const oneOf = <T>(values: readonly T[]): T => values[Math.floor(Math.random() * values.length)]!
const sometimes = (chance: number): boolean => Math.random() < chance
const amount = (): number => Math.round(Math.random() * 900_000) / 100 + 50

const currencies = ['EUR', 'USD', 'GBP', 'CHF', 'JPY', 'SEK', 'NOK', 'PLN']
const accounts = ['DE95500400001200345600', 'DE03500400001200345607', 'DE08500400001200345614']
const months = ['2025-07', '2025-08', '2025-09', '2025-10', '2025-11', '2025-12']
const ports = ['Bergen', 'Gothenburg', 'Hamburg', 'Rotterdam', 'Valencia', 'New York', 'Singapore']
const complaints = [
  'Card declined abroad',
  'Statement for September is missing',
  'Cannot change the delivery address',
  'Transfer arrived twice',
  'App signs me out every hour',
]
const customers = ['H. Brandt', 'M. Osei', 'L. Ferrari', 'K. Nowak', 'A. Svensson']

/** Makes the tokens, some of them narrower than what is tried with them. */
export async function hireAgents(world: World): Promise<Agent[]> {
  const { payments, research, dispatch, deployments } = world
  const { rates, statements, tickets, digest, routes } = deployments
  await leaver(payments)
  return [
    agent('treasury-agent', rates, 5, treasury, {
      token: await serviceToken(payments, 'treasury-agent', {
        allowedDeployments: [rates.id],
        allowedTools: ['convert', 'get_rate', 'quote'],
      }),
    }),
    agent('reconciliation-agent', statements, 4, reconciliation, {
      token: await serviceToken(payments, 'reconciliation-agent', { allowedDeployments: [statements.id] }),
    }),
    agent('support-agent', tickets, 4, helpDesk(), {
      token: await serviceToken(research, 'support-agent', {}),
    }),
    agent('briefing-agent', digest, 1, briefing, {
      token: await serviceToken(research, 'briefing-agent', { allowedDeployments: [digest.id] }),
    }),
    agent('dispatch-agent', routes, 3, voyages, {
      token: await serviceToken(dispatch, 'dispatch-agent', { allowedTools: ['distance', 'arrival'] }),
    }),
    agent("Priya's editor", rates, 2, treasury, { token: await personalToken(world) }),
  ]
}

function agent(
  name: string,
  { mcpUrl: url }: Deployment,
  weight: number,
  next: () => Step,
  { token }: { token: string },
): Agent {
  return { name, url, weight, next, token }
}

async function serviceToken(
  { owner, organizationId, workspace }: Place,
  name: string,
  limits: { allowedDeployments?: string[]; allowedTools?: string[] },
): Promise<string> {
  const { secret } = await owner.client.call(api.tokens.createService, {
    params: { organizationId, workspaceId: workspace.id },
    body: { name, expiresInDays: 30, ...limits },
  })
  return secret
}

async function personalToken({
  people: { developer },
  payments: { organizationId },
}: World): Promise<string> {
  const body = {
    name: 'editor',
    organizationId,
    scopes: ['tools:call' as const, 'deployments:read' as const],
  }
  const { secret } = await developer.client.call(api.tokens.createMine, { body })
  return secret
}

/** A token that was in use once and is revoked. */
async function leaver({ owner, organizationId, workspace }: Place): Promise<void> {
  const params = { organizationId, workspaceId: workspace.id }
  const { id } = await owner.client.call(api.tokens.createService, {
    params,
    body: { name: 'quarterly-report' },
  })
  await owner.client.call(api.tokens.revokeService, { params: { ...params, tokenId: id } })
}

function treasury(): Step {
  if (sometimes(0.04)) return { tool: 'set_margin', args: { basisPoints: 20 } }
  const from = oneOf(currencies)
  const to = sometimes(0.06) ? 'XAU' : oneOf(currencies)
  if (sometimes(0.6)) return { tool: 'convert', args: { amount: amount(), from, to } }
  return { tool: oneOf(['get_rate', 'quote']), args: { from, to } }
}

function reconciliation(): Step {
  const iban = oneOf(accounts)
  if (sometimes(0.4)) return { tool: 'get_balance', args: { iban, date: `${oneOf(months)}-28` } }
  if (sometimes(0.2)) return { tool: 'check_iban', args: { iban: 'DE00 5004 0000 1200 3456 00' } }
  return { tool: 'get_statement', args: { iban, month: sometimes(0.08) ? '2026-02' : oneOf(months) } }
}

/** Opens tickets, looks at them, and closes them in turn. */
function helpDesk(): () => Step {
  let opened = 1000
  let closed = 1000
  return () => {
    if (opened === closed || sometimes(0.3)) {
      opened += 1
      const args = {
        subject: oneOf(complaints),
        customer: oneOf(customers),
        priority: oneOf(['normal', 'urgent']),
      }
      return { tool: 'open_ticket', args }
    }
    if (sometimes(0.4)) return { tool: 'list_tickets', args: {} }
    if (sometimes(0.5)) return { tool: 'comment', args: { id: opened, text: 'Looking into it.' } }
    // Not always the next one: what is closed already is refused, as it happens.
    if (!sometimes(0.1)) closed += 1
    return { tool: 'close_ticket', args: { id: closed, resolution: 'Solved with the customer.' } }
  }
}

const news = `The central bank left its rates unchanged. Inflation slowed for the fourth month in a row. Banks expect
lower rates in the spring, and lower rates would make loans cheaper. The bank said that inflation, not growth, decides
about rates. Analysts had expected the decision.`

const briefing = (): Step => ({ tool: 'summarize', args: { text: news, sentences: 2 } })

function voyages(): Step {
  const [from, to] = [oneOf(ports), sometimes(0.07) ? 'Atlantis' : oneOf(ports)]
  if (sometimes(0.05)) return { tool: 'list_ports', args: {} }
  if (sometimes(0.5)) return { tool: 'distance', args: { from, to } }
  return { tool: 'arrival', args: { from, to, knots: 12 + Math.round(Math.random() * 10) } }
}

/** The agents of the servers from npm. */
export async function hireForReference(
  { service, reporting, research }: World,
  running: Reference,
): Promise<Agent[]> {
  const agents: Agent[] = []
  const hire = async (name: string, at: Place, deployment: Deployment | undefined, next: () => Step) => {
    if (!deployment) return
    const token = await serviceToken(at, name, { allowedDeployments: [deployment.id] })
    agents.push(agent(name, deployment, 2, next, { token }))
  }
  await hire('onboarding-agent', service, running.everything, () =>
    sometimes(0.15)
      ? { tool: 'trigger-long-running-operation', args: { duration: 2, steps: 4 } }
      : { tool: 'echo', args: { message: oneOf(complaints) } },
  )
  await hire('concierge-agent', service, running.memory, () => {
    const name = oneOf(customers)
    if (sometimes(0.5)) return { tool: 'search_nodes', args: { query: name } }
    const entity = { name, entityType: 'customer', observations: [oneOf(complaints)] }
    return { tool: 'create_entities', args: { entities: [entity] } }
  })
  await hire('filing-agent', reporting, running.filesystem, () =>
    sometimes(0.3)
      ? { tool: 'read_text_file', args: { path: sometimes(0.2) ? '/etc/passwd' : '/data/report.csv' } }
      : { tool: 'write_file', args: { path: '/data/report.csv', content: `amount\n${amount()}\n` } },
  )
  await hire('planning-agent', research, running.thinking, thoughts())
  return agents
}

/** One train of thought after the other. */
function thoughts(): () => Step {
  const total = 5
  let number = 0
  return () => {
    number = (number % total) + 1
    const thought = `Step ${number}: ${oneOf(complaints)}`
    const args = { thought, thoughtNumber: number, totalThoughts: total, nextThoughtNeeded: number < total }
    return { tool: 'sequentialthinking', args }
  }
}
