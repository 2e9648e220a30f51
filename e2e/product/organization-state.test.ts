/** What runs, and who may do what, while an organization is suspended, once it is resumed, and when it is closed. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { api } from '@berth/contracts'
import { resumeOrganization, suspendOrganization } from '@berth/server/organizations/service.ts'
import { systemActor } from '@berth/server/platform/platform.ts'
import { eventually } from '../support/eventually.ts'
import {
  addLocal,
  deploymentOf,
  launch,
  mcp,
  replyOf,
  serviceToken,
  startWorld,
  type World,
} from '../support/gateway-world.ts'

let world: World
let server: string

beforeAll(async () => {
  world = await startWorld()
  server = await addLocal(world, ['everything.mjs'])
})
afterAll(() => world?.close())

const byOperator = <T>(work: Parameters<typeof world.server.berth.platform.mutate<T>>[1]) =>
  world.server.berth.platform.mutate({ actor: systemActor('test'), requestId: null }, work)

describe('a suspended organization', () => {
  test('stops what runs, ends sessions, refuses calls and changes in a sentence, and comes back by itself', async () => {
    const { organizationId, owner } = world
    const params = { organizationId }
    const deployment = await launch(world, server)
    const agent = await serviceToken(world, world.workspace.id)
    const client = mcp(deployment.mcpUrl, agent.secret)
    await client.open()
    expect((await client.request('tools/list')).result.tools.length).toBeGreaterThan(0)

    await byOperator((tx) => suspendOrganization(tx, organizationId, 'An unpaid bill'))
    await eventually('the open session ends', async () => {
      const answer = await client.request('tools/list').catch((error: Error) => ({ error }))
      return 'error' in answer && answer.error ? true : null
    })
    const refused = await eventually('a new session is refused with the reason', async () => {
      const response = await mcp(deployment.mcpUrl, agent.secret).post({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/list',
      })
      const { error } = await replyOf(response)
      return error?.message.includes('suspended') ? { status: response.status, error } : null
    })
    expect(refused).toMatchObject({ status: 403, error: { message: expect.stringMatching(/resumes it\.$/) } })

    const held = await eventually('it is held', async () => {
      const now = await deploymentOf(world, deployment.id)
      return now.hold && now.phase === 'stopped' ? now : null
    })
    expect(held).toMatchObject({ hold: 'pending-governance', desired: 'running' })
    expect(held.holdNotes).toContain('organization:suspended')
    expect(held.reason).toContain('An unpaid bill')

    expect(await owner.client.call(api.organizations.get, { params })).toMatchObject({
      state: 'suspended',
      stateReason: 'An unpaid bill',
    })
    const change = owner.client.call(api.workspaces.create, { params, body: { name: 'New' } })
    await expect(change).rejects.toMatchObject({
      problem: { code: 'forbidden', detail: expect.stringContaining('suspended') },
    })
    const call = owner.client.call(api.deployments.call, {
      params: { organizationId, deploymentId: deployment.id },
      body: { tool: 'echo' },
    })
    await expect(call).rejects.toMatchObject({
      problem: { code: 'forbidden', detail: expect.stringContaining('suspended') },
    })

    await byOperator((tx) => resumeOrganization(tx, organizationId))
    const back = await eventually('it runs again by itself', async () => {
      const now = await deploymentOf(world, deployment.id)
      return now.phase === 'running' ? now : null
    })
    expect(back).toMatchObject({ hold: null, reason: null })
    const anew = mcp(deployment.mcpUrl, agent.secret)
    expect((await anew.open()).serverInfo.name).toBe('berth-everything')
  })

  test('cannot be suspended or resumed twice, and says in which state it is', async () => {
    const { organizationId } = world
    const resume = byOperator((tx) => resumeOrganization(tx, organizationId))
    await expect(resume).rejects.toMatchObject({
      code: 'invalid_state',
      message: 'Only a suspended organization can be resumed. It is active.',
    })
  })
})
