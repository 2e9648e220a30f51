import path from 'node:path'
import { api, type Deployment } from '@berth/contracts'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import {
  expectAccessible,
  expectAccessibleInBoth,
  expectGoodEverywhere,
  type Home,
  openStage,
  picture,
  settle,
  type Stage,
  visit,
} from './support.ts'

const folder = path.join(import.meta.dirname, '../fixtures/mcp')

let stage: Stage
let home: Home
let workspaceId: string

beforeAll(async () => {
  stage = await openStage()
  // The first account of a server is its operator, who may add servers to the catalog.
  home = await settle(stage.server, 'Deployments')
  const { client } = home.person
  const configSchema = {
    type: 'object',
    additionalProperties: false,
    properties: { city: { type: 'string', title: 'City', pattern: '^[A-Z]', default: 'Berlin' } },
  }
  const add = (name: string, command: string[], manifest = {}) =>
    client.call(api.catalog.add, {
      body: { name, artifact: { kind: 'local', path: folder, command }, manifest },
    })
  await add('full', ['node', 'everything.mjs'], { configSchema })
  await add('drift', ['node', 'misbehaving.mjs', 'drift'])
  await add('broken', ['node', 'misbehaving.mjs', 'exit-at-start'])
  const params = { organizationId: home.organizationId }
  const body = { name: 'Main', tier: 'community' }
  workspaceId = (await client.call(api.workspaces.create, { params, body })).id
})
afterAll(() => stage?.close())

async function launch(server: string, name: string): Promise<Deployment> {
  const { items } = await home.person.client.call(api.catalog.list, { query: { limit: 200 } })
  const found = items.find(({ slug }) => slug === server)!
  const body = { workspaceId, server: `${found.provider.slug}/${server}`, name }
  return home.person.client.call(api.deployments.launch, {
    params: { organizationId: home.organizationId },
    body,
  })
}

const one = (deploymentId: string) => ({ organizationId: home.organizationId, deploymentId })

function until(id: string, wanted: (d: Deployment) => boolean): Promise<Deployment> {
  return eventually('the deployment is as wanted', async () => {
    const found = await home.person.client.call(api.deployments.get, { params: one(id) })
    return wanted(found) ? found : null
  })
}

async function open(page: Page, id: string, search = ''): Promise<void> {
  await page.goto(`/console/deployments/${id}${search}`)
  await page.getByRole('tablist').waitFor()
}

const tab = (page: Page, name: string) => page.getByRole('tab', { name }).click()

test('a tool is tried in the page: its form, its answer, and the record that it left among the calls', async () => {
  const deployment = await launch('full', 'playful')
  await until(deployment.id, ({ phase }) => phase === 'running')
  const { page, context, complaints } = await visit(stage, { person: home.person })
  await open(page, deployment.id, '?tab=calls')
  await page.getByRole('heading', { name: 'It has not been called yet' }).waitFor()
  await expectAccessible(page)

  await tab(page, 'Tools')
  await page.getByRole('button', { name: 'echo', exact: true }).click()
  await page.getByRole('button', { name: 'Call echo' }).click()
  await page.getByText('message is needed.').waitFor()
  await page.getByLabel('message').fill('bonjour')
  await page.getByRole('button', { name: 'Call echo' }).click()
  await page.getByRole('region', { name: 'Text 1' }).getByText('bonjour').waitFor()
  await page.getByText(/in the gateway/).waitFor()
  await picture(page, 'deployment-tools')
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Write JSON instead' }).click()
  await page.getByLabel('Arguments').fill('{"message": ')
  await page.getByRole('button', { name: 'Call echo' }).click()
  await page.getByText(/This is not JSON/).waitFor()

  await page.getByRole('link', { name: 'Show it among the calls' }).click()
  expect(new URL(page.url()).searchParams.get('tab')).toBe('calls')
  const rows = page.getByRole('row').filter({ hasText: 'tools/call' })
  await rows.first().waitFor()
  const before = await rows.count()
  await home.person.client.call(api.deployments.call, {
    params: one(deployment.id),
    body: { tool: 'echo', arguments: { message: 'from elsewhere' } },
  })
  await eventually('the new call is in the list by itself', async () =>
    (await rows.count()) === before + 1 ? true : null,
  )
  await page.getByRole('figure', { name: /calls over time, \d+ of them failed/ }).waitFor()
  await page.getByText('The same as a table').click()
  await page.getByRole('region', { name: 'Calls by time, as a table' }).getByRole('row').nth(1).waitFor()
  await expectGoodEverywhere(page, 'deployment-calls')
  const plot = (await page.locator('figure .u-over').first().boundingBox())!
  await page.mouse.move(plot.x + plot.width - 60, plot.y + 20)
  await page.mouse.down()
  await page.mouse.move(plot.x + plot.width - 2, plot.y + 20, { steps: 5 })
  await page.mouse.up()
  await page.waitForURL(/from=.*to=/)
  await rows.first().waitFor()
  await page.goBack()
  await page.waitForURL((url) => !url.searchParams.has('from'))
  await page.goForward()
  await page.getByRole('button', { name: 'Zoom out' }).click()
  await page.waitForURL((url) => !url.searchParams.has('from'))
  await page.getByRole('combobox', { name: /Outcome/ }).click()
  await page.getByRole('option', { name: 'refused' }).click()
  await page.getByRole('heading', { name: 'No call matches these filters' }).waitFor()
  expect(new URL(page.url()).searchParams.get('outcome')).toBe('refused')
  await page.reload()
  await page.getByRole('heading', { name: 'No call matches these filters' }).waitFor()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Clear filters' }).last().click()
  await rows.first().waitFor()
  expect(complaints).toEqual([])
  await context.close()
})

test('a server that fails is understood from its log and the waterfall of its tries; the log pauses and is searched', async () => {
  const deployment = await launch('broken', 'breaking')
  const { page, context, complaints } = await visit(stage, { person: home.person })
  await open(page, deployment.id, '?tab=logs')
  const log = page.getByRole('log')
  await log.getByText('fatal: the fixture was told to exit at start').first().waitFor({ timeout: 60_000 })
  await page.getByRole('button', { name: 'Pause' }).click()
  await page.getByText('paused', { exact: true }).waitFor()
  await page.getByRole('searchbox', { name: 'Search the log' }).fill('no such words')
  await page.getByRole('heading', { name: /No line contains/ }).waitFor()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Clear the search' }).click()
  await log.waitFor()
  await page.getByRole('button', { name: /Resume/ }).click()
  await until(deployment.id, ({ phase }) => phase === 'failed')
  await picture(page, 'deployment-logs')
  await expectAccessible(page)
  await tab(page, 'Runs')
  await page
    .getByText(/^Try 1 of/)
    .first()
    .waitFor()
  await page
    .getByRole('img', { name: /running for/ })
    .first()
    .waitFor()
  await expectAccessibleInBoth(page, (theme) => picture(page, `deployment-runs-${theme}`))
  await tab(page, 'Tools')
  await page.getByRole('heading', { name: 'Its tools cannot be tried now' }).waitFor()
  await expectAccessible(page)
  await tab(page, 'Overview')
  const told = page.getByRole('region', { name: 'Berth gave up on it' })
  await told.getByText(/exited with code 1\. That was 5 times in a row\./).waitFor()
  await told.getByText(/It is not started again by itself/).waitFor()
  await told.getByText('fatal: the fixture was told to exit at start').waitFor()
  await told.getByRole('button', { name: 'Start it again' }).waitFor()
  await expectAccessible(page)
  await picture(page, 'deployment-overview-failed')
  expect(complaints).toEqual([])
  await context.close()
})

test('a drift is shown with its words inert, explained by its decision gate by gate, and accepted', async () => {
  const deployment = await launch('drift', 'drifting')
  await until(deployment.id, ({ phase }) => phase === 'running')
  const { page, context, complaints } = await visit(stage, { person: home.person })
  await open(page, deployment.id, '?tab=surface')
  await page.getByText('as admitted').waitFor()
  await home.person.client.call(api.deployments.call, {
    params: one(deployment.id),
    body: { tool: 'drift', arguments: { description: 'Hidden\u202e <b>words</b> https://evil.example' } },
  })
  await page.getByText('differs', { exact: true }).waitFor()
  await page.getByText('U+202E').waitFor()
  expect(await page.getByRole('link', { name: /evil/ }).count(), 'its words are no link').toBe(0)
  await expectAccessible(page)
  await picture(page, 'deployment-surface')
  await tab(page, 'Decisions')
  await page
    .getByRole('button', { name: /trust:drift/ })
    .first()
    .click()
  await page.getByRole('button', { name: 'Decide again from what it rested on' }).click()
  await page.getByText('The same decision, from untouched inputs').waitFor()
  await expectAccessibleInBoth(page, (theme) => picture(page, `deployment-decisions-${theme}`))
  await tab(page, 'Overview')
  const told = page.getByRole('region', { name: /^Held: it shows other tools/ })
  await told.getByText(/Nothing more happens until somebody decides/).waitFor()
  await told.getByRole('button', { name: 'Restart…' }).waitFor()
  await told.getByRole('button', { name: 'Review what changed' }).click()
  const dialog = page.getByRole('dialog', { name: 'What changed in drifting' })
  await dialog.getByText('changed · grave').waitFor()
  await dialog.getByText(/characters that cannot be seen/).waitFor()
  await dialog.locator('ins').filter({ hasText: 'evil.example' }).waitFor()
  await expectAccessibleInBoth(page, (theme) => picture(page, `deployment-drift-${theme}`))
  await dialog.getByRole('button', { name: 'Accept this surface' }).click()
  await told.waitFor({ state: 'detached' })
  await until(deployment.id, ({ hold }) => hold === null)
  expect(complaints).toEqual([])
  await context.close()
})

test('settings are changed over what one has seen: a fault stands at its field, and a change by somebody else is shown', async () => {
  const deployment = await launch('full', 'settled')
  await until(deployment.id, ({ phase, health }) => phase === 'running' && health === 'healthy')
  const { page, context, complaints } = await visit(stage, { person: home.person })
  await open(page, deployment.id, '?tab=settings')
  await page.getByLabel('City').fill('lower case')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('alert').first().waitFor()
  expect(await page.getByLabel('City').inputValue(), 'what was typed is still there').toBe('lower case')
  await page.getByLabel('City').fill('Paris')
  await expectAccessible(page)
  await home.person.client.call(api.deployments.update, {
    params: one(deployment.id),
    body: { limits: { memoryMb: 300 } },
  })
  // That its state moves on, as it does now while it restarts, is no conflict; that its settings did, is.
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('This is how it is now').waitFor()
  await page.getByText('limits.memoryMb').waitFor()
  await expectGoodEverywhere(page, 'deployment-settings')
  await page.getByRole('button', { name: 'Keep mine, on top of theirs' }).click()
  await page.getByRole('button', { name: 'Save' }).click()
  const saved = await until(deployment.id, ({ config }) => config['city'] === 'Paris')
  expect(saved.limits.memoryMb, 'the other change stays').toBe(300)

  await page.getByLabel('City').fill('Madrid')
  await home.person.client.call(api.deployments.update, {
    params: one(deployment.id),
    body: { config: { city: 'Oslo' } },
  })
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByLabel('Mine: Madrid').waitFor()
  await page.getByLabel('Theirs: Oslo').check()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Go on with what I chose' }).click()
  expect(await page.getByLabel('City').inputValue()).toBe('Oslo')

  await page.getByRole('button', { name: 'Delete…' }).click()
  await page
    .getByRole('dialog')
    .getByText(/This cannot be undone/)
    .waitFor()
  await expectAccessible(page)
  await page.getByRole('dialog').getByRole('button', { name: 'Delete settled' }).click()
  await page.waitForURL(/\/console\/lifecycle/)
  await page.getByRole('button', { name: 'settled', exact: true }).waitFor({ state: 'detached' })
  await page.goto(`/console/deployments/${deployment.id}`)
  await page.getByRole('heading', { name: 'Unknown server' }).waitFor()
  await expectAccessible(page)
  expect(complaints).toEqual([])
  await context.close()
})
