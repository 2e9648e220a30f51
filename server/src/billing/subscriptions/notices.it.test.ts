import { afterAll, beforeAll, expect, test } from 'vitest'
import { createNotifications } from '../../notifications/service.ts'
import { newId } from '../../platform/ids.ts'
import {
  movableClock,
  openTestPlatform,
  seedDeployment,
  type TestPlatform,
} from '../../platform/testing/index.ts'
import { assignPlan, changePlan, preview } from './change.ts'
import type { Terms } from './model.ts'
import { tellBy } from './notices.ts'
import { overLimitsOf } from './over-limit.ts'
import { readSubscription } from './store.ts'
import { clockwork, invoicesOf, ordinary, testTerms } from './test-kit.ts'
import { runDue } from './worker.ts'

const dayMs = 24 * 3600_000
const clock = movableClock()
let platform: TestPlatform
let terms: Terms
beforeAll(async () => {
  platform = await openTestPlatform({ clock })
  const page = (id: string) => `https://berth.example.com/console/billing/${id}`
  const notifications = createNotifications(platform)
  const sendMail: typeof notifications.sendMail = (tx, request) => {
    letters.push(request)
    return notifications.sendMail(tx, request)
  }
  terms = { graceDays: 14, provider: 'manual', tell: tellBy({ sendMail }, page) }
})
afterAll(() => platform?.close())

/** What was asked to be sent, in order, with what the outbox has of it. */
const letters: Parameters<Parameters<typeof tellBy>[0]['sendMail']>[1][] = []
const mails = async () => {
  const rows = await platform.db.selectFrom('mails').select(['kind', 'subject']).orderBy('id').execute()
  return rows.map(({ kind, subject }, place) => ({
    kind,
    subject: subject.replace(/^.+?: /, ''),
    said: letters[place]!.data as { text: string[]; action: { url: string } },
  }))
}

test('owners and admins are written to when it is overdue, before the grace ends and when it has; nobody of test organizations', async () => {
  const [real, tried] = [
    await ordinary(platform, 'Asia/Tokyo'),
    await clockwork(platform, { now: clock.now().toISOString() }),
  ]
  const wish = { plan: 'team', seats: null }
  for (const id of [real, tried]) await platform.change((tx) => changePlan(tx, id, wish, terms))
  const number = (await invoicesOf(platform, real))[0]!.number
  clock.advance(15 * dayMs)
  await platform.db.updateTable('testClocks').set({ now: clock.now() }).execute()
  await runDue(platform, terms)
  const [first, ...none] = await mails()
  expect([first!.kind, first!.subject, none]).toEqual(['billing-notice', 'an invoice is overdue', []])
  expect(first!.said.text[0]).toBe(`Invoice ${number} over €49.00 for Team is overdue.`)
  expect(first!.said.action.url).toBe(`https://berth.example.com/console/billing/${real}`)
  const { graceEndsAt } = await readSubscription(platform.db, real)
  const inTokyo = new Date(graceEndsAt!.getTime() + 9 * 3600_000).toISOString().slice(0, 16).replace('T', ' ')
  expect(first!.said.text[1]).toContain(`${inTokyo} (Asia/Tokyo)`)
  clock.advance(12 * dayMs)
  await runDue(platform, terms)
  const until = (left: string) => `an invoice is overdue, and the time to pay it ends in ${left}`
  expect((await mails()).slice(1).map(({ subject }) => subject)).toEqual(
    ['7 days', '3 days', 'a day'].map((left) => until(left)),
  )
  clock.advance(3 * dayMs)
  await runDue(platform, terms)
  expect(await readSubscription(platform.db, real)).toMatchObject({ plan: { plan: 'free' } })
  const all = await mails()
  expect(all).toHaveLength(5)
  expect(all[4]!.subject).toBe('Team has ended, because an invoice was not paid')
  expect(all[4]!.said.text[0]).toContain('on the plan free from now on')
})

test('a downgrade names what would be over the limit: the newest servers stop, nothing else does', async () => {
  const id = await ordinary(platform)
  const deployments: string[] = []
  for (let made = 0; made < 4; made++)
    deployments.push((await seedDeployment(platform.db, { organizationId: id })).id)
  await platform.db
    .updateTable('deployments')
    .set({ phase: 'running' })
    .where('id', 'in', deployments)
    .execute()
  const [plan, at] = [newId('planVersion').slice(-12), clock.now()]
  await platform.db.insertInto('plans').values({ slug: plan, createdAt: at }).execute()
  const grants = [
    { key: 'runtime.concurrent_servers', limit: 2, reset: null, mode: 'hard' },
    { key: 'workspaces', limit: 3, reset: null, mode: 'hard' },
    { key: 'seats', limit: 1, reset: null, mode: 'hard' },
  ]
  await platform.db
    .insertInto('planVersions')
    .values({
      id: newId('planVersion'),
      plan,
      version: 1,
      name: 'Small',
      description: '',
      price: 100,
      currency: 'EUR',
      per: 'organization',
      interval: 'month',
      trialDays: 0,
      dueDays: 10,
      grants: JSON.stringify(grants),
      public: true,
      publishedAt: at,
    })
    .execute()
  const one = await readSubscription(platform.db, id)
  const planned = await preview(platform.db, one, { plan, seats: null }, clock.now())
  const over = await overLimitsOf(platform.db, id, planned)
  const newestFirst = deployments.toSorted().toReversed()
  expect(over.map(({ key, used, limit }) => [key, used, limit])).toEqual([
    ['runtime.concurrent_servers', 4, 2],
    ['workspaces', 4, 3],
  ])
  expect(over[0]!.stops.map(({ deploymentId }) => deploymentId)).toEqual(newestFirst.slice(0, 2))
  const wish = { plan, seats: null, charge: true }
  await platform.change((tx) => assignPlan(tx, id, wish, testTerms))
  const events = await platform.db
    .selectFrom('events')
    .select('payload')
    .where('organizationId', '=', id)
    .where('type', '=', 'subscription.over_limit')
    .execute()
  expect(events).toMatchObject([{ payload: { keys: ['runtime.concurrent_servers', 'workspaces'] } }])
})
