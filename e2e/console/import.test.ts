import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { api, type Deployment } from '@berth/contracts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  expectAccessible,
  expectGoodEverywhere,
  type Home,
  openStage,
  picture,
  settle,
  type Stage,
  visit,
} from './support.ts'

const fixtures = path.join(import.meta.dirname, '../fixtures/mcp')

let stage: Stage
let operator: Home
let guest: Home
let remote: ChildProcess
let url: string

beforeAll(async () => {
  stage = await openStage()
  operator = await settle(stage.server, 'Operators')
  guest = await settle(stage.server, 'Guests')
  remote = spawn(process.execPath, [path.join(fixtures, 'remote.mjs')], {
    env: { ...process.env, FIXTURE_KEY: 'hunter2' },
  })
  const [line] = (await once(remote.stdout!, 'data')) as [Buffer]
  url = (JSON.parse(String(line)) as { url: string }).url
})
afterAll(async () => {
  remote?.kill('SIGKILL')
  await stage?.close()
})

const echo = () => ({
  command: 'node',
  args: [path.join(fixtures, 'echo.mjs')],
  env: { GREETING: 'hi', API_KEY: 's3cret-value' },
})

async function deployments({ person, organizationId }: Home): Promise<Deployment[]> {
  const params = { organizationId }
  return (await person.client.call(api.deployments.list, { params, query: {} })).items
}

async function callEcho({ person, organizationId }: Home, deploymentId: string): Promise<unknown> {
  const params = { organizationId, deploymentId }
  const body = { tool: 'echo', arguments: { message: 'hello' } }
  return (await person.client.call(api.deployments.call, { params, body })).result
}

test('a settings file becomes deployments that answer; what cannot be is told why; secrets are asked for and never shown', async () => {
  const { page, context, complaints } = await visit(stage, { person: operator.person })
  await page.goto('/console/import')
  await page.getByLabel('Or paste its text').waitFor()
  await expectAccessible(page)
  await picture(page, 'import-read')
  await page.getByLabel('Or paste its text').fill('{"mcpServers": {"a": }}')
  await page.getByRole('button', { name: 'Read it' }).click()
  await page.getByText('The text is not valid JSON: line 1: a value is expected.').waitFor()
  await expectAccessible(page)

  const file = {
    inputs: [{ id: 'key', type: 'promptString', description: 'The key of the far server', password: true }],
    servers: {
      'My echo': echo(),
      far: { url, headers: { 'x-api-key': '${input:key}' } },
      snake: { command: 'uvx', args: ['mcp-server-git'] },
    },
  }
  await page.getByLabel('Settings file').setInputFiles({
    name: 'mcp.json',
    mimeType: 'application/json',
    buffer: Buffer.from(`// mine\n${JSON.stringify(file)}`),
  })
  await page.getByText('it cannot run "uvx"').waitFor()
  await page.getByText('needs 1 value').waitFor()
  await page.getByText('The key of the far server').waitFor()
  await page.getByRole('button', { name: 'My echo', exact: true }).click()
  await page.getByText('GREETING=hi').waitFor()
  await page.getByText('Kept encrypted in the workspace as MY_ECHO_API_KEY.').waitFor()
  expect(await page.content(), 'no secret is on the page').not.toContain('s3cret-value')
  await page.getByLabel('Workspace name').fill('Desk')
  await page.getByRole('combobox', { name: 'Tier' }).click()
  await page.getByRole('option', { name: /^community/ }).click()
  await expectGoodEverywhere(page, 'import-entries')

  await page.getByRole('button', { name: 'Import 2 servers' }).click()
  await page.getByText('The file only refers to it; type its value.').waitFor()
  expect(await deployments(operator), 'nothing is done by halves').toEqual([])
  await page.getByLabel('x-api-key: ${input:key}').fill('hunter2')
  await page.getByRole('button', { name: 'Import 2 servers' }).click()
  await page.getByText('2 servers imported.').waitFor({ timeout: 90_000 })
  await page.waitForURL('**/console/import?*workspace=desk*')
  for (const name of ['my-echo', 'far'])
    await page
      .getByRole('row')
      .filter({ has: page.getByRole('link', { name, exact: true }) })
      .getByText('running')
      .waitFor({ timeout: 60_000 })
  await expectAccessible(page)
  await picture(page, 'import-done')
  expect(await page.content()).not.toMatch(/s3cret-value|hunter2/)
  for (const { id, config, name } of await deployments(operator)) {
    expect(await callEcho(operator, id)).toMatchObject({ content: [{ text: 'hello' }] })
    if (name === 'my-echo') expect(config).toEqual({ GREETING: 'hi' })
  }
  expect(complaints).toEqual([])
  await context.close()
})

test('who may not add to the catalog imports what is in it, and is told who can add the rest', async () => {
  const { page, context, complaints } = await visit(stage, { person: guest.person })
  await guest.person.client.call(api.workspaces.create, {
    params: { organizationId: guest.organizationId },
    body: { name: 'Ours', tier: 'community' },
  })
  await page.goto('/console/import')
  const file = { mcpServers: { echo: echo(), other: { command: 'npx', args: ['-y', 'not-in-the-catalog'] } } }
  await page.getByLabel('Or paste its text').fill(JSON.stringify(file))
  await page.getByRole('button', { name: 'Read it' }).click()
  await page.getByText('needs an operator').waitFor()
  expect(await page.getByRole('checkbox', { name: 'Import other' }).isDisabled()).toBe(true)
  await page.getByRole('button', { name: 'other', exact: true }).click()
  await page.getByText(/only an operator of this installation adds one/).waitFor()
  await expectAccessible(page)
  await picture(page, 'import-guest')
  await page.getByRole('button', { name: 'Import 1 server' }).click()
  await page.getByText('1 server imported.').waitFor()
  const [one] = await deployments(guest)
  expect(one).toMatchObject({ name: 'echo', secrets: { API_KEY: 'ECHO_API_KEY' } })

  await page.getByRole('button', { name: 'Read another file' }).click()
  await page.getByLabel('Or paste its text').fill(JSON.stringify({ mcpServers: { echo: echo() } }))
  await page.getByRole('button', { name: 'Read it' }).click()
  await page.getByText('needs another name').waitFor()
  await page.getByRole('button', { name: 'Import 1 server' }).click()
  await page.getByText('This workspace has a “echo” already; give it another name.').waitFor()
  await expectAccessible(page)
  await page.getByLabel('Name', { exact: true }).fill('Echo!')
  await page.getByText(/Give it a name: use lower-case letters/).waitFor()
  await page.getByLabel('Name', { exact: true }).fill('echo-2')
  await page.getByRole('button', { name: 'Import 1 server' }).click()
  await page.getByText('1 server imported.').waitFor()
  expect((await deployments(guest)).map(({ name }) => name).toSorted()).toEqual(['echo', 'echo-2'])
  expect(complaints).toEqual([])
  await context.close()
})
