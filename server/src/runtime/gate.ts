import { sql } from 'kysely'
import { known, unavailable, type Finding, type Gate } from '../platform/gate.ts'

/** Something a runner can or cannot enforce, as it says itself. */
export interface Capability {
  name: string
  ok: boolean
  sentence: string
}

export interface CapabilityFacts {
  demand: { tier: string; sandbox: 'required' | 'preferred'; allowLocal: boolean; artifact: string }
  /** The runner that is its home; where it has none yet, every live runner that could be. */
  runners: Capability[][]
}

const nothing = { launch: 'hold', relaunch: 'hold', running: 'hold', call: 'hold' } as const

/** What an artifact needs of its runner: `process` is started there, `remote` only connected to. */
const executors: Record<string, 'process' | 'remote'> = { npm: 'process', local: 'process', remote: 'remote' }

/** How long what runs may go on while its runner is silent; a runner that is really gone loses it sooner. */
const silenceMs = 30_000

/** Whether somebody can run it as its tier demands. */
export const capabilityGate: Gate<CapabilityFacts> = {
  name: 'capability',
  version: 1,
  rules: {
    demand: { title: 'What its tier demands', notYet: nothing, graceMs: 0, pending: 'pending-capacity' },
    runners: {
      title: 'What its runner can enforce',
      notYet: nothing,
      graceMs: silenceMs,
      pending: 'pending-capacity',
    },
  },
  facts: () => sql`(
    select jsonb_build_object(
      'demand', ${known(sql`jsonb_build_object(
        'tier', ti.code, 'sandbox', ti.sandbox, 'allowLocal', ti.allow_local, 'artifact', r.artifact ->> 'kind')`)},
      'runners', case
        when live.capabilities is not null then ${known(sql`live.capabilities`)}
        else ${unavailable(sql`coalesce(last.seen, d.created_at)`, 'no runner is alive')} end)
    from workspaces w
    join tiers ti on ti.code = w.tier
    join releases r on r.id = d.release_id
    left join lateral (
      select jsonb_agg(n.capabilities order by n.id) as capabilities from runners n
      where n.alive_until > now() and 'runner' = any(n.roles)
        and (n.id = d.runner_id or not exists (
          select from runners h where h.id = d.runner_id and h.alive_until > now()))) live on true
    left join lateral (select max(n.alive_until) as seen from runners n where 'runner' = any(n.roles)) last on true
    where w.id = d.workspace_id)`,
  decide: ({ demand, runners }) => (demand ? findingsOf(demand, runners) : []),
}

function findingsOf(demand: CapabilityFacts['demand'], runners: Capability[][] | undefined): Finding[] {
  const { artifact, tier } = demand
  const executor = executors[artifact]
  if (!executor) {
    return [
      {
        verdict: 'veto',
        note: `capability:executor:${artifact}`,
        sentence: `No runner can run an artifact of the kind "${artifact}".`,
        next: 'Change the deployment to a release of another kind.',
        pending: 'pending-capacity',
      },
    ]
  }
  const findings: Finding[] = []
  if (artifact === 'local' && !demand.allowLocal) {
    findings.push({
      verdict: 'veto',
      note: 'capability:local:tier',
      sentence: `The tier ${tier} does not run servers from folders.`,
      next: 'Launch it in a workspace of a tier that does, such as community, or publish it to npm and add it from there.',
      pending: 'pending-capacity',
    })
  }
  if (executor === 'remote') {
    const sentence = 'It runs elsewhere: Berth connects to it and enforces nothing on its machine.'
    findings.push({ verdict: 'pass', note: 'capability:sandbox:remote', sentence })
  } else if (runners) findings.push(sandboxFinding(demand, runners))
  return findings
}

function sandboxFinding({ tier, sandbox }: CapabilityFacts['demand'], runners: Capability[][]): Finding {
  const offers = runners.map((capabilities) => capabilities.find((one) => one.name === 'sandbox'))
  const good = offers.find((offer) => offer?.ok)
  if (good) return { verdict: 'pass', note: 'capability:sandbox:present', sentence: good.sentence }
  const sentence = offers.find((offer) => offer)?.sentence ?? 'Its runner does not say that it has a sandbox.'
  if (sandbox === 'preferred') {
    return {
      verdict: 'pass',
      note: 'capability:sandbox:missing',
      sentence: `${sentence} The tier ${tier} accepts that.`,
    }
  }
  return {
    verdict: 'hold',
    note: 'capability:sandbox:missing',
    sentence: `The tier ${tier} requires a sandbox. ${sentence}`,
    next: 'It launches by itself once a runner has one. Or use a workspace of a tier that only prefers it.',
    pending: 'pending-capacity',
  }
}
