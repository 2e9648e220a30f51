import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { BillingQuotaOutcome } from '@berth/contracts'
import { signUp, startTestServer, type TestServer } from '../../server/src/platform/testing/index.ts'
import { signedIn, type List, type Mcpctl } from './support.ts'

// Each step starts a process; a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 })

let server: TestServer
let cli: Mcpctl

beforeAll(async () => {
  server = await startTestServer()
  cli = await signedIn(server.url, await signUp(server))
  await cli.json('orgs', 'create', 'Acme')
})

afterAll(async () => {
  await cli.close()
  await server.close()
})

const callsUsed = async () => {
  const { items } = await cli.json<List<BillingQuotaOutcome>>('billing', 'usage')
  return items.find(({ entitlementKey }) => entitlementKey === 'gateway.tool_calls')!.used
}

it('asks whether so much may be used, uses it when told to, and shows what is used', async () => {
  expect(await cli.text('billing', 'quota', 'gateway.tool_calls=7')).toContain('Tool calls')
  expect(await callsUsed()).toBe(0)
  const record = ['billing', 'quota', '--record']
  expect((await cli.run([...record, 'gateway.tool_calls=7'])).stderr).toContain('Recorded.')
  expect(await callsUsed()).toBe(7)
  expect((await cli.run([...record, 'workspaces'])).stderr).toContain(
    'Nothing was recorded. Not counted by use, so only checked: Workspaces.',
  )
  expect((await cli.run([...record, 'gateway.tool_calls', 'workspaces'])).stderr).toContain(
    'Recorded. Not counted by use, so only checked: Workspaces.',
  )
  expect(await callsUsed()).toBe(8)
  expect(await cli.text('billing', 'usage')).toContain('unlimited')
  expect(await cli.run(['billing', 'usage', '--by', 'tool'])).toMatchObject({ code: 0 })
})

it('says what stands against a use, and that nothing was used', async () => {
  const denied = await cli.run(['billing', 'quota', '--record', 'gateway.tool_calls=2', 'moon.landings'])
  expect(denied.code).toBe(1)
  expect(denied.stderr).toContain('billing:entitlement-missing:moon.landings')
  expect(denied.stderr).toContain('The plan does not grant moon.landings, so nothing was used')
  expect(denied.stdout).toContain('not in the plan')
  expect(await callsUsed()).toBe(8)
  expect(await cli.run(['billing', 'quota', 'gateway.tool_calls=-1'])).toMatchObject({ code: 2 })
})
