import { spawn, type ChildProcess } from 'node:child_process'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestPlatform, type TestPlatform } from '../../platform/testing/index.ts'
import { findDifferences } from '../quotas/ledger.ts'
import { assignPlan } from '../subscriptions/change.ts'
import { invoicesOf, ordinary, testTerms } from '../subscriptions/test-kit.ts'
import { pageOfDrifts } from './drifts.ts'
import { eventOf, inboxOf, receive } from './testing/deliveries.ts'

let platform: TestPlatform
const children = new Set<ChildProcess>()
beforeAll(async () => {
  platform = await openTestPlatform()
})
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await platform?.close()
})

/** Another process at the same inbox, once it is at work. */
async function begin(): Promise<ChildProcess> {
  const program = path.join(import.meta.dirname, 'testing/inbox-process.ts')
  const args = [program, platform.database.url, platform.dataDir]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.add(child)
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve())
    child.once('exit', (code) => reject(new Error(`a process ended with ${code} before it was ready`)))
  })
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
  children.delete(child)
}

test('two processes that are killed over and over deal with every event once in effect', async () => {
  const key = 'gateway.tool_calls'
  const organizations = await Promise.all(Array.from({ length: 5 }, () => ordinary(platform)))
  const paid = new Map<string, string>()
  for (const organizationId of organizations) {
    const given = { plan: 'team', seats: null, trial: false, charge: true }
    await platform.change((tx) => assignPlan(tx, organizationId, given, testTerms))
    const [invoice] = await invoicesOf(platform, organizationId)
    const { number, total: amount, currency } = invoice!
    const told = { invoice: number, amount, currency, reference: `bank ${number}` }
    paid.set(organizationId, told.reference)
    // Twice under two ids, as a provider does that was not answered in time.
    for (let n = 0; n < 2; n++) await receive(platform.db, eventOf('payment.recorded', told))
  }
  const at = new Date().toISOString()
  const uses = Array.from({ length: 400 }, (_, n) => ({ id: `u${n}`, key, quantity: (n % 7) + 1, at }))
  for (const [n, use] of uses.entries())
    await receive(platform.db, eventOf('usage.recorded', { ...use, organization: organizations[n % 5] }))

  let kills = 0
  const isOpen = async () => (await inboxOf(platform.db)).some(({ state }) => state === 'received')
  const lives = async () => {
    for (let life = 0; life < 8 && (await isOpen()); life++) {
      const child = await begin()
      await sleep(200 + Math.random() * 600)
      await kill(child)
      kills++
    }
  }
  await Promise.all([lives(), lives()])
  const last = await begin()
  while (await isOpen()) await sleep(50)
  await kill(last)

  const rows = await inboxOf(platform.db)
  expect(rows.filter(({ state }) => state !== 'processed')).toEqual([])
  // Some were taken more than once: the kills hit what was under way.
  expect(kills).toBeGreaterThanOrEqual(2)
  expect(rows.some(({ attempts }) => attempts > 1)).toBe(true)
  for (const [place, organizationId] of organizations.entries()) {
    const expected = uses.filter((_, n) => n % 5 === place).reduce((sum, { quantity }) => sum + quantity, 0)
    const balances = await platform.db
      .selectFrom('quotaBalances')
      .select('used')
      .where('organizationId', '=', organizationId)
      .where('key', '=', key)
      .execute()
    expect(balances.reduce((sum, { used }) => sum + used, 0)).toBe(expected)
    expect(await findDifferences(platform.db, organizationId)).toEqual([])
    const [invoice] = await invoicesOf(platform, organizationId)
    expect(invoice).toMatchObject({ state: 'paid', reference: paid.get(organizationId) })
  }
  expect((await pageOfDrifts(platform.db, { limit: 10 })).items).toEqual([])
}, 300_000)
