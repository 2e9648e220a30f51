import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { api, EndpointOutput, QuotaHold } from '@berth/contracts'
import { subscribeTo } from '../../server/src/billing/test-kit.ts'
import { signUp, startTestServer, type TestServer } from '../../server/src/platform/testing/index.ts'
import { signedIn, type List, type Mcpctl } from './support.ts'

// Each step starts a process; a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 })

const key = 'gateway.tool_calls'
let server: TestServer
let cli: Mcpctl

beforeAll(async () => {
  server = await startTestServer()
  cli = await signedIn(server.url, await signUp(server))
  const { id } = await cli.json<{ id: string }>('orgs', 'create', 'Acme')
  await subscribeTo(server.berth.platform.db, id, [{ key, limit: 20, mode: 'hard', reset: 'month' }])
})

afterAll(async () => {
  await cli.close()
  await server.close()
})

const reserve = async (quantity: number, ...options: string[]): Promise<QuotaHold> => {
  const answer = await cli.json<EndpointOutput<typeof api.holds.reserve>>(
    'billing',
    'holds',
    'reserve',
    `${key}=${quantity}`,
    ...options,
  )
  return answer.hold!
}

it('holds quota, shows and lists what is held, and uses it or less of it', async () => {
  const hold = await reserve(8, '--expires-in-seconds', '3600')
  expect(Date.parse(hold.expiresAt) - Date.parse(hold.createdAt)).toBe(3600_000)
  expect(await cli.text('billing', 'holds', 'show', hold.id)).toMatch(/‖ held[^]*gateway\.tool_calls +8/)
  expect(await cli.text('billing', 'holds', 'list')).toContain(`${key}=8`)
  const confirmed = await cli.json<QuotaHold>('billing', 'holds', 'confirm', hold.id, `${key}=6`)
  expect(confirmed).toMatchObject({ state: 'confirmed', items: [{ quantity: 8, used: 6 }] })
  expect(await cli.text('billing', 'usage')).toMatch(/Tool calls +6 +0 +20/)
  expect(await cli.text('billing', 'holds', 'confirm', (await reserve(4)).id)).toContain('✔ confirmed')
  const { items } = await cli.json<List<QuotaHold>>('billing', 'holds', 'list', '--state', 'held')
  expect(items).toEqual([])
})

it('gives back what is held, once, and says how a hold ended before', async () => {
  const hold = await reserve(5)
  expect(await cli.text('billing', 'holds', 'release', hold.id)).toContain('■ released')
  const late = await cli.run(['billing', 'holds', 'confirm', hold.id])
  expect(late.code).toBe(1)
  expect(late.stderr).toMatch(/It is released\. It ended at \d{4}-/)
})

it('says what stands against a hold, and that nothing was held', async () => {
  const denied = await cli.run(['billing', 'holds', 'reserve', `${key}=21`])
  expect(denied.code).toBe(1)
  expect(denied.stderr).toContain(`nothing was held (billing:quota-exceeded:${key})`)
  const seats = await cli.run(['billing', 'holds', 'reserve', 'seats'])
  expect(seats.stderr).toContain(`"seats" is not counted by use. Those that are: ${key}.`)
  const long = await cli.run(['billing', 'holds', 'reserve', key, '--expires-in-seconds', '86401'])
  expect(long).toMatchObject({ code: 2, stderr: expect.stringContaining('from 1 to 86400') })
})
