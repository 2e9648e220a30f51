import { sql } from 'kysely'
import { platformOrganizationId, type Onboarding, type OnboardingStep } from '@berth/contracts'
import { landingPlan } from '../billing/service.ts'
import type { Queryable } from '../platform/db/database.ts'

type Detail<S extends OnboardingStep> = Extract<Onboarding['steps'][number], { step: S }>

/** What the first steps follow from. */
export interface Facts {
  email: string
  emailVerified: boolean
  organization: Detail<'organization'>['organization']
  subscription: Detail<'plan'>['subscription']
  /** The plan that begins with its first payment. */
  unpaidPlan: string | null
  /** It is, or ever was, on another plan than the one it was born with. */
  choseAPlan: boolean
  members: number
  invited: number
  everInvited: boolean
  deployment: Detail<'server'>['deployment']
  answered: boolean
  skipped: OnboardingStep[]
}

/** The newest organization of which a person is an owner, else a member; null: they are in none. */
export async function usualOrganization(db: Queryable, userId: string): Promise<string | null> {
  const row = await db
    .selectFrom('members as m')
    .innerJoin('organizations as o', 'o.id', 'm.organizationId')
    .select('o.id')
    .where('m.userId', '=', userId)
    .where('o.id', '<>', platformOrganizationId)
    .where('o.state', '<>', 'closed')
    .orderBy(sql`m.role = 'owner'`, 'desc')
    .orderBy('o.id', 'desc')
    .executeTakeFirst()
  return row?.id ?? null
}

/**
 * All of it, at one moment. Calls are looked for among what was counted, which is kept, and among the records, which
 * are there at once.
 */
export async function readFacts(
  db: Queryable,
  { userId, organizationId }: { userId: string; organizationId: string | null },
): Promise<Facts> {
  const { rows } = await sql<Facts>`
    select u.email, u.email_verified,
      (select jsonb_build_object('id', o.id, 'slug', o.slug, 'name', o.name)
        from organizations o where o.id = x.id) as organization,
      (select jsonb_build_object('plan', p.plan, 'planName', p.name, 'state', s.state)
        from subscriptions s join plan_versions p on p.id = s.plan_version_id
        where s.organization_id = x.id and s.state not in ('incomplete', 'canceled')) as subscription,
      (select p.name from subscriptions s join plan_versions p on p.id = s.plan_version_id
        where s.organization_id = x.id and s.state = 'incomplete') as unpaid_plan,
      exists (select from subscriptions s join plan_versions p on p.id = s.plan_version_id
          where s.organization_id = x.id and s.state not in ('incomplete', 'canceled') and p.plan <> ${landingPlan})
        or exists (select from trials t where t.organization_id = x.id)
        or exists (select from invoices i where i.organization_id = x.id and i.number is not null) as chose_a_plan,
      (select count(*)::int from members m where m.organization_id = x.id) as members,
      (select count(*)::int from invitations i where i.organization_id = x.id and i.state = 'pending') as invited,
      exists (select from invitations i where i.organization_id = x.id) as ever_invited,
      (select jsonb_build_object('id', d.id, 'workspaceId', d.workspace_id, 'name', d.name, 'phase', d.phase)
        from deployments d where d.organization_id = x.id and d.deleted_at is null
        order by d.phase = 'running' desc, d.id desc limit 1) as deployment,
      exists (select from quota_balances b
          where b.organization_id = x.id and b.key = 'gateway.tool_calls' and b.used > 0)
        or exists (select from deployments d, lateral (
          select from calls c where c.deployment_id = d.id and c.method = 'tools/call' and c.outcome = 'ok' limit 1) c
          where d.organization_id = x.id) as answered,
      array(select k.step from onboarding_skips k where k.organization_id = x.id) as skipped
    from users u, (select ${organizationId}::text as id) x
    where u.id = ${userId}`.execute(db)
  return rows[0]!
}
