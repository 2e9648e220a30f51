import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { api, platformOrganizationId } from '@berth/contracts'
import { startTestServer } from '@berth/server/platform/testing/index.ts'
import {
  addLocal,
  callTool,
  closeWorld,
  command,
  launch,
  openWorld,
  processesOf,
  refusal,
  runsOf,
  show,
  until,
  untilRunning,
  type World,
} from '../support/runtime-world.ts'
import { eventually } from '../support/eventually.ts'

let world: World
/** A server that has nothing to do with the others' troubles. */
let bystander: string

beforeAll(async () => {
  world = await openWorld({ runtime: { timings: { resyncMs: 500, backoffMs: 100, initializeMs: 8000 } } })
  await addLocal(world, 'bystander', { mode: 'slow' })
  bystander = (await launch(world, 'local/bystander')).id
  await untilRunning(world, bystander)
})

afterAll(() => closeWorld(world))

async function bystanderAnswers(): Promise<void> {
  const answer = await callTool(world, bystander, 'run', { arguments: { message: 'here', steps: 1 } })
  expect(answer).toBe('here')
}

describe('a server that does not come up', () => {
  test('and exits: five attempts with pauses, then failed with the last lines of stderr; start tries again', async () => {
    const { runId } = await addLocal(world, 'exit-at-start')
    const { id } = await launch(world, 'local/exit-at-start')
    const failed = await until(world, id, 'it failed', ({ phase }) => phase === 'failed')
    expect(failed.reason).toBe(
      'The server exited with code 1. It failed 5 times in a row, so it is not started again by itself.\n' +
        'fatal: the fixture was told to exit at start',
    )
    await bystanderAnswers()

    const [run, ...others] = await runsOf(world, id)
    expect(others).toEqual([])
    expect(run).toMatchObject({ kind: 'launch', status: 'failed', attempt: 5 })
    const ends = run!.retryLedger.filter(({ status }) => status === 'failed')
    expect(ends.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5])
    expect(ends.every(({ reason }) => reason?.includes('was told to exit at start'))).toBe(true)

    await command(world, id, 'start')
    await until(world, id, 'a new run has failed', ({ phase }) => phase === 'failed')
    const again = await eventually('a second run', async () => {
      const runs = await runsOf(world, id)
      return runs.length === 2 && runs[0]!.status === 'failed' && runs[0]!.attempt === 5 ? runs : null
    })
    expect(again[1]!.id).toBe(run!.id)

    // Its observation, when it was added, ended with the same words.
    const observation = await eventually('it was observed', async () => {
      const found = await world.person.client.call(api.catalog.get, {
        params: { provider: 'local', server: 'exit-at-start' },
      })
      return found.releases[0]!.observation === 'pending' ? null : found.releases[0]!
    })
    expect(observation.observation).toBe('failed')
    expect(observation.observationReason).toContain('was told to exit at start')
    const operators = await world.person.client.call(api.runs.get, {
      params: { organizationId: platformOrganizationId, runId },
    })
    expect(operators).toMatchObject({ kind: 'evaluation', status: 'failed' })
  })

  test('and hangs: the attempt ends in bounded time and says so; stop ends the next one at once', async () => {
    await addLocal(world, 'hang-on-initialize')
    const { id } = await launch(world, 'local/hang-on-initialize')
    const tried = await until(world, id, 'an attempt ended', ({ reason }) => reason !== null)
    expect(tried.reason).toBe('The server did not answer initialize within 8 s.')
    await bystanderAnswers()

    await eventually('the next attempt hangs', async () => {
      const [run] = await runsOf(world, id)
      return run!.status === 'running' && run!.step === 'starting' && run!.attempt > 1 ? run : null
    })
    const asked = performance.now()
    await command(world, id, 'stop')
    const stopped = await until(world, id, 'it is stopped', ({ phase }) => phase === 'stopped')
    expect(performance.now() - asked).toBeLessThan(7000)
    expect(stopped).toMatchObject({ reason: null, hold: null, health: 'unknown' })
    const [run] = await runsOf(world, id)
    expect(run!.status).toBe('cancelled')
  })

  test('for want of an entry that node can run, an executable, or its folder: a sentence', async () => {
    const release = await addLocal(world, 'broken', { source: 'import "./not-there.mjs"\n' })
    const { id } = await launch(world, 'local/broken')
    const failed = await until(world, id, 'it failed', ({ phase }) => phase === 'failed')
    expect(failed.reason).toMatch(
      /^The server exited with code 1\. It failed 5 times in a row[\s\S]*not-there\.mjs/,
    )
    expect(release.runId).toMatch(/^run_/)
    await bystanderAnswers()
  })
})

describe('a server that misbehaves on a call', () => {
  async function running(mode: string): Promise<string> {
    await addLocal(world, mode)
    const { id } = await launch(world, `local/${mode}`)
    await untilRunning(world, id)
    return id
  }

  test('and exits: the call says how, the next one has a new process, the deployment goes on', async () => {
    const id = await running('exit-on-call')
    expect(await callTool(world, id, 'run')).toBe('error: The server exited with code 3.')
    expect(await callTool(world, id, 'run')).toBe('error: The server exited with code 3.')
    expect(await show(world, id)).toMatchObject({ phase: 'running', health: 'healthy' })
    await bystanderAnswers()
  })

  test('and hangs: the call ends in the time it was given', async () => {
    const id = await running('hang-on-call')
    const answer = await callTool(world, id, 'run', { timeoutMs: 1000 })
    expect(answer).toBe('error: The server did not answer tools/call within 1 s.')
    expect(await show(world, id)).toMatchObject({ phase: 'running', health: 'healthy' })
  })

  test('and floods stdout: the lines are logged and skipped, the answer arrives', async () => {
    const id = await running('flood-stdout')
    expect(await callTool(world, id, 'run')).toBe('after the flood')
    const { items } = await world.person.client.call(api.deployments.logs, {
      params: { organizationId: world.organizationId, deploymentId: id },
      query: { tail: 50 },
    })
    expect(items.some(({ text }) => text.includes('this is not JSON'))).toBe(true)
    await bystanderAnswers()
  })

  test('and writes garbage: what is no message is skipped; what answers the call with nothing ends it', async () => {
    const id = await running('garbage')
    const answer = await callTool(world, id, 'run', { timeoutMs: 5000 })
    expect(answer).toBe('error: The server answered with neither a result nor an error.')
    expect(await show(world, id)).toMatchObject({ phase: 'running' })
  })

  test('and answers 50 MB: the call is refused with the size, the process goes on', async () => {
    const id = await running('huge')
    const answer = await callTool(world, id, 'run')
    expect(answer).toMatch(/^error: The server's answer of 50 MB is larger than Berth relays/)
    expect(await show(world, id)).toMatchObject({ phase: 'running', health: 'healthy' })
    await bystanderAnswers()
  })
})

test('a crash loop ends in failed; restarts and attempts are counted, and the runs tell each', async () => {
  const source = `
import { initialize, serve } from './rpc.mjs'
serve({ initialize: initialize('short-lived', { tools: {} }), ping: () => ({}), 'tools/list': () => ({ tools: [] }) })
setTimeout(() => { console.error('fatal: my time is over'); process.exit(4) }, 1500)
`
  await addLocal(world, 'short-lived', { source })
  const { id } = await launch(world, 'local/short-lived')
  const failed = await until(world, id, 'it failed', ({ phase }) => phase === 'failed')
  expect(failed.reason).toMatch(
    /^The server exited with code 4\. It failed 5 times in a row[\s\S]*fatal: my time is over/,
  )
  expect(failed.reason).toContain('It failed 5 times in a row')
  expect(failed.restarts).toBeGreaterThan(0)
  expect(failed.enforcement).toBeNull()
  await bystanderAnswers()
})

describe('what cannot be launched is refused when it is asked for', () => {
  test('an unknown server, an unknown version, a config that breaks its schema, a missing secret', async () => {
    await addLocal(world, 'configured', {
      mode: 'slow',
      manifest: {
        configSchema: {
          type: 'object',
          properties: { depth: { type: 'integer', minimum: 1, default: 3 } },
          additionalProperties: false,
        },
        secrets: [{ name: 'API_KEY' }],
      },
    })
    const unknown = await refusal(launch(world, 'local/configurd'))
    expect(unknown).toMatchObject({ code: 'not_found', status: 404 })
    expect(unknown.detail).toContain('Did you mean local/configured?')
    const version = await refusal(launch(world, 'local/configured', { version: '9.9.9' }))
    expect(version).toMatchObject({ code: 'not_found' })
    expect(version.detail).toContain('has no release 9.9.9; the catalog has 0.0.0')
    const config = await refusal(launch(world, 'local/configured', { config: { depth: 'deep' } }))
    expect(config.code).toBe('invalid_config')
    expect(JSON.stringify(config.errors)).toContain('depth')
    const secret = await refusal(launch(world, 'local/configured', { config: { depth: 2 } }))
    expect(secret.code).toBe('invalid_config')
    expect(secret.detail).toContain('secrets.API_KEY')
    const { items } = await world.person.client.call(api.deployments.list, {
      params: { organizationId: world.organizationId },
      query: {},
    })
    expect(items.some(({ server }) => server === 'local/configured')).toBe(false)
  })
})

test('a release that is being observed when Berth stops is left to the next one, and not at fault', async () => {
  const stopping = await openWorld()
  const { id, runId } = await addLocal(stopping, 'hang-on-initialize')
  const params = { organizationId: platformOrganizationId, runId }
  await eventually('it is being observed', async () => {
    const { step } = await stopping.person.client.call(api.runs.get, { params })
    return step === 'starting it in the sandbox' && processesOf(stopping).length > 0 ? true : null
  })
  await stopping.server.berth.close()
  expect(processesOf(stopping)).toEqual([])
  const next = await startTestServer({ beside: stopping.server })
  try {
    const client = next.client(stopping.person.token)
    expect(await client.call(api.runs.get, { params })).toMatchObject({ status: 'pending', attempt: 2 })
    const release = await client.call(api.catalog.getRelease, { params: { releaseId: id } })
    expect(release.observation).toBe('pending')
  } finally {
    await next.close()
    await stopping.server.database.drop()
    rmSync(stopping.server.dataDir, { recursive: true, force: true })
    rmSync(stopping.folder, { recursive: true, force: true })
  }
})

test('nothing of what failed is left running', async () => {
  const { items } = await world.person.client.call(api.deployments.list, {
    params: { organizationId: world.organizationId },
    query: { limit: 100 },
  })
  for (const { id } of items) await command(world, id, 'stop')
  for (const { id } of items) await until(world, id, 'it is stopped', ({ phase }) => phase === 'stopped')
  expect(processesOf(world)).toEqual([])
})
