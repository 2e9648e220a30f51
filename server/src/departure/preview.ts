/** What closing an organization would do now, in numbers and in words. */
import { sql } from 'kysely'
import type { Closing } from '@berth/contracts'
import { callRetentionDays } from '../metering/service.ts'
import type { Queryable } from '../platform/db/database.ts'

type Counts = Omit<Closing, 'consequences' | 'kept'>

export async function previewClosing(db: Queryable, organizationId: string): Promise<Closing> {
  const { rows } = await sql<Counts>`
    select o.slug,
      (select jsonb_build_object('total', count(*), 'running', count(*) filter (where phase = 'running'))
       from deployments where organization_id = o.id and deleted_at is null) as deployments,
      (select count(*) from mcp_sessions where organization_id = o.id) as sessions,
      (select jsonb_build_object('service', count(*) filter (where kind = 'service'),
                                 'api', count(*) filter (where kind = 'api'))
       from tokens where organization_id = o.id and state = 'active') as tokens,
      (select count(*) from secrets where organization_id = o.id) as secrets,
      (select count(*) from invitations where organization_id = o.id and state = 'pending') as invitations,
      (select v.name from subscriptions s join plan_versions v on v.id = s.plan_version_id
       where s.organization_id = o.id and s.state not in ('incomplete', 'canceled') and v.price > 0) as plan,
      (select count(*) from invoices where organization_id = o.id and state = 'open') as "openInvoices",
      (select jsonb_build_object('owners', count(*) filter (where role = 'owner'),
                                 'others', count(*) filter (where role <> 'owner'))
       from members where organization_id = o.id) as members
    from organizations o where o.id = ${organizationId}`.execute(db)
  const counts = rows[0]!
  return { ...counts, consequences: consequencesOf(counts), kept }
}

function consequencesOf(counts: Counts): string[] {
  const { deployments, sessions, tokens, secrets, members, invitations, plan, openInvoices } = counts
  const { total, running } = deployments
  const sentences = [
    total > 0 &&
      `${count(total, 'deployment')} ${total === 1 ? 'is' : 'are'} stopped and deleted with the files ${total === 1 ? 'its' : 'their'} processes kept; ${running} ${running === 1 ? 'is' : 'are'} running now.`,
    sessions > 0 && `${count(sessions, 'open session')} of MCP clients ${sessions === 1 ? 'ends' : 'end'}.`,
    tokens.service + tokens.api > 0 &&
      `${count(tokens.service, 'service token')} and ${count(tokens.api, 'API token')} for this organization are revoked.`,
    secrets > 0 &&
      `${count(secrets, 'secret')} ${secrets === 1 ? 'is' : 'are'} destroyed; nobody can bring ${secrets === 1 ? 'it' : 'them'} back.`,
    invitations > 0 &&
      `${count(invitations, 'pending invitation')} ${invitations === 1 ? 'is' : 'are'} taken back.`,
    plan !== null &&
      `The subscription to ${plan} ends: it does not renew, and what was paid for the rest of the period is not paid back.`,
    openInvoices > 0 &&
      `${count(openInvoices, 'invoice')} that ${openInvoices === 1 ? 'is' : 'are'} open ${openInvoices === 1 ? 'stays' : 'stay'} owed.`,
    members.others > 0 &&
      `${count(members.others, 'member')} who ${members.others === 1 ? 'is not an owner loses' : 'are not owners lose'} access and no longer ${members.others === 1 ? 'sees' : 'see'} the organization.`,
    `${count(members.owners, 'owner')} can still read and export what is kept, and change nothing.`,
    'A closed organization cannot be opened again, and nobody else can take its short name.',
  ]
  return sentences.filter((sentence) => sentence !== false)
}

const kept = [
  'The log with all its events is kept for good.',
  'Members, workspaces, deployments, decisions, runs and invoices are kept as records for good.',
  `Call records are kept for ${callRetentionDays} days from each call.`,
]

const count = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`
