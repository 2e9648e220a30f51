import { isDeepStrictEqual } from 'node:util'
import { sql } from 'kysely'
import { platformOrganizationId, type PlanChange } from '@berth/contracts'
import type { Queryable } from '../../platform/db/database.ts'
import { newId } from '../../platform/ids.ts'
import type { Tx } from '../../platform/mutate.ts'
import { Refusal } from '../../platform/problem.ts'
import { parsePlanFile, type FileFault, type PlanSpec } from './file.ts'
import { newestPlans, type Plan } from './store.ts'

const fields = [
  'name',
  'description',
  'price',
  'currency',
  'per',
  'interval',
  'trialDays',
  'dueDays',
  'graceDays',
  'fallback',
  'public',
  'grants',
] as const satisfies (keyof PlanSpec)[]

type Field = (typeof fields)[number]

interface Planned {
  spec: PlanSpec
  change: PlanChange
}

/** What applying the file would do. Throws `invalid_input` that names every fault of it. */
async function plan(db: Queryable, file: string): Promise<Planned[]> {
  const published = new Map((await newestPlans(db)).map((one) => [one.plan, one]))
  const parsed = parsePlanFile(file, published)
  if (!parsed.plans) throw refusalOf(parsed.faults)
  return parsed.plans.map((spec) => ({ spec, change: changeOf(spec, published.get(spec.plan)) }))
}

function refusalOf(faults: FileFault[]): Refusal {
  const said = faults.map(({ path, message }) => `${path}: ${message}`).join('. ')
  return new Refusal('invalid_input', `Nothing was applied. ${said}.`, { errors: faults })
}

function changeOf(spec: PlanSpec, newest: Plan | undefined): PlanChange {
  const changed = fields.filter((field) => !newest || !isDeepStrictEqual(spec[field], newest[field]))
  const action = changed.length > 0 ? 'publish' : 'none'
  const version = (newest?.version ?? 0) + (action === 'publish' ? 1 : 0)
  return {
    plan: spec.plan,
    action,
    version,
    changes: changed.map((field) => ({
      field,
      previous: newest ? shown(newest, field) : null,
      current: shown(spec, field),
    })),
  }
}

const shown = (spec: PlanSpec, field: Field): unknown =>
  field === 'price' ? spec.price.toString() : spec[field]

export async function previewPlans(db: Queryable, file: string): Promise<PlanChange[]> {
  return (await plan(db, file)).map(({ change }) => change)
}

/** Publishes what of the file differs from the newest versions. */
export async function applyPlans(tx: Tx, file: string): Promise<PlanChange[]> {
  // Those who apply take turns, so that nobody publishes over a version they have not seen.
  await sql`select pg_advisory_xact_lock(hashtext('berth:plans'))`.execute(tx.db)
  const planned = await plan(tx.db, file)
  for (const { spec, change } of planned) {
    if (change.action === 'none') continue
    await tx.db
      .insertInto('plans')
      .values({ slug: spec.plan, createdAt: tx.now })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }
  for (const { spec, change } of planned) {
    if (change.action === 'none') continue
    const id = newId('planVersion')
    await tx.db
      .insertInto('planVersions')
      .values({
        ...spec,
        id,
        version: change.version,
        price: sql<number>`${spec.price.toString()}::bigint`,
        grants: JSON.stringify(spec.grants),
        publishedAt: tx.now,
      })
      .execute()
    tx.emit(platformOrganizationId, 'plan.published', {
      planVersionId: id,
      plan: spec.plan,
      version: change.version,
      price: spec.price.toString(),
      currency: spec.currency,
    })
  }
  return planned.map(({ change }) => change)
}
