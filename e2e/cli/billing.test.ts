import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { api, type Invoice, type PlanVersion, type Subscription } from '@berth/contracts'
import { signUp, startTestServer, type TestServer } from '../../server/src/platform/testing/index.ts'
import { signedIn, type List, type Mcpctl } from './support.ts'

// Each step starts a process; a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 })

let server: TestServer
let cli: Mcpctl
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'mcpctl-billing-'))
  server = await startTestServer()
  // The first person is the operator, who owns the test organization they make.
  cli = await signedIn(server.url, await signUp(server))
  const at = '2030-01-31T09:00:00Z'
  type Made = { slug: string }
  const { slug } = await cli.json<Made>('billing', 'clock', 'create', 'Clockwork', '--at', at)
  await cli.text('orgs', 'use', slug)
})

afterAll(async () => {
  await cli?.close()
  await server?.close()
  rmSync(folder, { recursive: true, force: true })
})

const subscription = () => cli.json<Subscription>('billing', 'subscription')
const newest = async () => (await cli.json<List<Invoice>>('billing', 'invoices', 'list')).items[0]!

it('publishes plans from a file, and exports them as one that changes nothing', async () => {
  const file = path.join(folder, 'plans.yaml')
  expect(await cli.text('billing', 'plans', 'export', '--output', file)).toBe('')
  expect(await cli.text('billing', 'plans', 'apply', file)).not.toContain('changed')
  writeFileSync(file, 'plans: { gold: { name: Gold, price: 99900, currency: EUR, fallback: free } }')
  expect(await cli.text('billing', 'plans', 'apply', '--dry-run', file)).toContain('new')
  await cli.text('billing', 'plans', 'apply', file)
  const { items } = await cli.json<List<PlanVersion>>('billing', 'plans', 'list')
  expect(items.map(({ plan }) => plan)).toContain('gold')
  const more =
    'plans: { gold: { name: Gold, price: 109900, currency: EUR, fallback: free, grants: { seats: 9 } } }'
  writeFileSync(file, more)
  const difference = await cli.text('billing', 'plans', 'apply', '--dry-run', file)
  expect(difference).toContain('gold.price: 99900 → 109900')
  expect(difference).toContain('gold.grants.seats: not granted → 9')
  writeFileSync(file, 'plans: { gold: { name: Gold, price: -1, currency: EURO } }')
  const wrong = await cli.run(['billing', 'plans', 'apply', file])
  expect(wrong.code).toBe(1)
  expect(wrong.stderr).toMatch(/plans\.gold\.price.*plans\.gold\.currency/s)
})

it('leads on to just what was previewed, and names what is not right', async () => {
  const trial = await cli.run(['billing', 'preview', 'business', '--seats', '3', '--trial'])
  expect(trial.stderr).toContain('mcpctl billing change business --seats 3 --trial')
  expect(trial.stderr + trial.stdout).toContain('Business has 3 seats.')
  const unknown = await cli.run(['billing', 'preview', 'platinum'])
  expect([unknown.code, unknown.stderr]).toEqual([
    1,
    expect.stringMatching(/no plan "platinum".*free, .*team/),
  ])
  const without = await cli.run(['billing', 'preview'])
  expect([without.code, without.stderr]).toEqual([
    2,
    expect.stringContaining('mcpctl billing preview --help'),
  ])
  const never = await cli.run(['billing', 'allow', 'clockwork', '--until', 'soon', '--reason', 'why not'])
  expect([never.code, never.stderr]).toEqual([1, expect.stringContaining('such as 2030-01-31T09:00:00Z')])
})

it('changes the plan as previewed, and bills it', async () => {
  expect(await cli.text('billing', 'preview', 'team')).toContain('€49.00')
  expect(await cli.text('billing', 'change', 'team')).toContain('Team')
  const { id, number } = await newest()
  expect(await cli.text('billing', 'invoices', 'show', id)).toContain('open')
  expect(await cli.text('billing', 'invoices', 'show', number!)).toContain(id)
  const unknown = await cli.run(['billing', 'invoices', 'show', 'TEST-999999'])
  expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('There is no such invoice')])
  const wrong = await cli.run(['billing', 'invoices', 'pay', 'number-1', '--reference', 'bank 12'])
  expect(wrong.stderr).toContain('must be the id or the number of an invoice, such as 000012')
  const pdf = path.join(folder, 'invoice.pdf')
  await cli.text('billing', 'invoices', 'save', id, '--output', pdf)
  expect(readFileSync(pdf, 'latin1')).toMatch(/^%PDF-/)
  const page = path.join(folder, 'invoice.html')
  await cli.text('billing', 'invoices', 'save', id, '--as', 'html', '--output', page)
  expect(readFileSync(page, 'utf8')).toContain('€49.00')
  expect(await cli.text('billing', 'invoices', 'pay', number!, '--reference', 'bank 12')).toContain('paid')
})

it('schedules, takes back, buys seats, cancels and resumes', async () => {
  await cli.text('billing', 'schedule', 'free')
  expect((await subscription()).scheduled?.plan.plan).toBe('free')
  await cli.text('billing', 'unschedule')
  await cli.text('billing', 'change', 'business', '--seats', '2')
  await cli.text('billing', 'seats', '3')
  expect(await subscription()).toMatchObject({ seats: 3, scheduled: null })
  await cli.text('billing', 'cancel')
  expect((await subscription()).cancelAtPeriodEnd).toBe(true)
  await cli.text('billing', 'resume')
  expect((await subscription()).cancelAtPeriodEnd).toBe(false)
})

it('lives through renewals by the clock, settles invoices, and keeps the history', async () => {
  await cli.text('billing', 'invoices', 'void', (await newest()).id, '--reason', 'a test')
  expect(await cli.text('billing', 'clock', 'show')).toContain('2030-01-31')
  await cli.text('billing', 'clock', 'advance', '2030-03-01T00:00:00Z')
  await cli.text('billing', 'invoices', 'write-off', (await newest()).id, '--reason', 'a test')
  const back = await cli.run(['billing', 'clock', 'advance', '2030-01-01T00:00:00Z'])
  expect(back).toMatchObject({ code: 1 })
  expect(back.stderr).toContain('clocks only go forward')
  await cli.text('billing', 'cancel', '--now')
  const { items } = await cli.json<List<Subscription>>('billing', 'history')
  expect(items.map(({ state }) => state)).toEqual(['active', 'canceled'])
})

it('lets an operator list the invoices of an organization that is not theirs, and nobody else', async () => {
  const other = await signUp(server)
  const { id } = await other.client.call(api.organizations.create, { body: { name: 'Elsewhere' } })
  await other.client.call(api.subscriptions.change, {
    params: { organizationId: id },
    body: { plan: 'team' },
  })
  expect(await cli.text('billing', 'invoices', 'list', '--of', 'elsewhere', '--state', 'open')).toContain(
    '€49.00',
  )
  const strange = await signedIn(server.url, await signUp(server))
  const refused = await strange.run(['billing', 'invoices', 'list', '--of', 'elsewhere'])
  expect(refused.code).toBe(1)
  await strange.close()
})

it('lets operators look at all, assign any plan, and allow what is over the limit', async () => {
  const { organizationId } = await subscription()
  await cli.text('billing', 'assign', organizationId, 'business', '--seats', '4', '--no-charge')
  expect(await cli.text('billing', 'organizations', '--plan', 'business')).toContain('clockwork')
  const own = await cli.json<List<Invoice>>('billing', 'invoices', 'list')
  const theirs = await cli.json<List<Invoice>>('billing', 'invoices', 'list', '--of', 'clockwork')
  expect(theirs.items).toEqual(own.items)
  expect(own.items.length).toBeGreaterThan(0)
  const until = ['--until', '2031-01-01T00:00:00Z']
  await cli.text('billing', 'allow', organizationId, ...until, '--reason', 'a test')
  expect((await subscription()).overLimitUntil).toBe('2031-01-01T00:00:00.000Z')
  expect(await cli.run(['billing', 'allow', organizationId, '--reason', 'x'])).toMatchObject({ code: 2 })
})
