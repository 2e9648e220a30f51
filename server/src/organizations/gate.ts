import { sql } from 'kysely'
import type { Organization } from '@berth/contracts'
import { known, type Finding, type Gate } from '../platform/gate.ts'

export interface OrganizationFacts {
  state: { state: Organization['state']; reason: string | null }
}

const hold = { launch: 'hold', relaunch: 'hold', running: 'hold', call: 'hold' } as const

/** Whether the organization may run anything at all. */
export const organizationGate: Gate<OrganizationFacts> = {
  name: 'organization',
  version: 1,
  rules: {
    state: {
      title: 'The state of the organization',
      notYet: hold,
      graceMs: 0,
      pending: 'pending-governance',
    },
  },
  facts: () => sql`(
    select jsonb_build_object('state',
      ${known(sql`jsonb_build_object('state', o.state, 'reason', o.state_reason)`)})
    from organizations o where o.id = d.organization_id)`,
  decide: ({ state }) => (state ? findingsOf(state) : []),
}

function findingsOf({ state, reason }: OrganizationFacts['state']): Finding[] {
  if (state === 'active') return []
  const because = reason ? `: ${reason.replace(/[.\s]+$/, '')}.` : '.'
  if (state === 'suspended') {
    return [
      {
        verdict: 'hold',
        note: 'organization:suspended',
        sentence: `The organization is suspended by an operator${because}`,
        next: 'It launches by itself once an operator resumes the organization.',
        pending: 'pending-governance',
      },
    ]
  }
  return [
    {
      verdict: 'veto',
      note: 'organization:closed',
      sentence: 'The organization is closed.',
      next: 'Nothing of it runs again.',
      pending: 'pending-governance',
    },
  ]
}
