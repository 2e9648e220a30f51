/** What is copied from the console into a client works as it stands. */
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { api, mcpClients, type Deployment } from '@berth/contracts'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
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

const folder = path.join(import.meta.dirname, '../fixtures/mcp')

let stage: Stage
let home: Home
let echo: Deployment
let other: Deployment

beforeAll(async () => {
  stage = await openStage()
  // The first account of a server is its operator, who may add servers to the catalog.
  home = await settle(stage.server, 'Connected')
  const { client } = home.person
  const artifact = { kind: 'local' as const, path: folder, command: ['node', 'echo.mjs'] }
  await client.call(api.catalog.add, { body: { name: 'echo', artifact } })
  const params = { organizationId: home.organizationId }
  const body = { name: 'Main', tier: 'community' }
  const { id: workspaceId } = await client.call(api.workspaces.create, { params, body })
  const launch = async (name: string) => {
    const { id: deploymentId } = await client.call(api.deployments.launch, {
      params,
      body: { workspaceId, server: 'local/echo', name },
    })
    return eventually(`${name} runs`, async () => {
      const found = await client.call(api.deployments.get, { params: { ...params, deploymentId } })
      return found.phase === 'running' ? found : null
    })
  }
  echo = await launch('echo')
  other = await launch('other')
})
afterAll(() => stage?.close())

/** Copies a block of the page by its button; what is on the clipboard then. */
async function copied(page: Page, within: Locator, label: string): Promise<string> {
  await within.getByRole('button', { name: `Copy ${label}` }).click()
  await within.getByText('Copied', { exact: true }).waitFor()
  return page.evaluate(() => navigator.clipboard.readText())
}

interface HttpEntry {
  url: string
  headers: Record<string, string>
}

async function toolsWith({ url, headers }: HttpEntry): Promise<string[]> {
  const client = new Client({ name: 'test', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }))
  const { tools } = await client.listTools()
  await client.close()
  return tools.map((tool) => tool.name)
}

const runScript = async (script: string): Promise<string> =>
  (await promisify(execFile)('sh', ['-c', script])).stdout

test('a server’s page gives each client its settings, with a token that is made in place and works', async () => {
  const { page, context, complaints } = await visit(stage, { person: home.person })
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await page.goto(`/console/deployments/${echo.id}`)
  await page.getByRole('button', { name: 'Connect', exact: true }).click()
  const dialog = page.getByRole('dialog')
  const shown = JSON.parse(await copied(page, dialog, 'settings for Claude Desktop')) as object
  expect(JSON.stringify(shown)).toContain('PASTE_A_TOKEN_HERE')
  await expectGoodEverywhere(page, 'connect')
  await dialog.getByRole('button', { name: 'Create a token' }).click()
  const secret = (await dialog.getByText(/^berth_pat_/).textContent())!
  await expectAccessible(page)
  await picture(page, 'connect-token')

  const settingsOf = async (title: string): Promise<Record<string, any>> => {
    await dialog.getByRole('tab', { name: title }).click()
    return JSON.parse(await copied(page, dialog, `settings for ${title}`)) as Record<string, any>
  }
  for (const name of ['cursor', 'vscode', 'claude-code'] as const) {
    const { title, servers } = mcpClients[name]
    const settings = await settingsOf(title)
    expect(Object.keys(settings)).toEqual([servers])
    expect([title, await toolsWith(settings[servers].echo as HttpEntry)]).toEqual([title, ['echo']])
  }
  const desktop = (await settingsOf('Claude Desktop')).mcpServers.echo as Record<string, any>
  expect(desktop).toMatchObject({ command: 'npx', env: { BERTH_AUTHORIZATION: `Bearer ${secret}` } })
  expect(desktop.args).toContain(echo.mcpUrl)
  const windsurf = (await settingsOf('Windsurf')).mcpServers.echo as Record<string, any>
  expect(await toolsWith({ url: windsurf.serverUrl, headers: windsurf.headers })).toEqual(['echo'])

  await dialog.getByRole('tab', { name: 'curl' }).click()
  const script = await copied(page, dialog, 'script for curl')
  const answer = await runScript(script)
  expect(answer).toContain('Returns its message')
  const elsewhere = await runScript(script.replaceAll(echo.mcpUrl, other.mcpUrl))
  expect(elsewhere).toContain('not allowed for this deployment')
  expect(complaints).toEqual([])
  await context.close()
})

test('a token for certain deployments is made in the form, without the scopes that reach beyond them', async () => {
  const { page, context, complaints } = await visit(stage, { person: home.person })
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await page.goto('/console/tokens?create=true')
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('Reader of one')
  const choose = async (field: string, option: RegExp) => {
    await dialog.getByRole('combobox', { name: field }).click()
    await page.getByRole('option', { name: option }).click()
  }
  await choose('For', /A program that reads/)
  await choose('Deployments', /Only certain ones/)
  await dialog.getByText(/Without .*audit:read.*: these reach beyond certain deployments\./).waitFor()
  await dialog.getByRole('button', { name: 'Create token' }).click()
  await dialog.getByText('Tick at least one deployment.').waitFor()
  await dialog.getByLabel(/^other/).check()
  await expectAccessible(page)
  await picture(page, 'token-form')
  await choose('For', /An MCP client/)
  await dialog.getByRole('button', { name: 'Create token' }).click()
  const secret = (await dialog.getByText(/^berth_pat_/).textContent())!
  await dialog.getByRole('tab', { name: 'Cursor' }).click()
  const settings = JSON.parse(await copied(page, dialog, 'settings for Cursor')) as Record<string, any>
  expect(Object.keys(settings.mcpServers as object)).toEqual(['other'])
  expect(await toolsWith(settings.mcpServers.other as HttpEntry)).toEqual(['echo'])
  const agent = stage.server.client(secret)
  const seen = await agent.call(api.deployments.list, {
    params: { organizationId: home.organizationId },
    query: {},
  })
  expect(seen.items.map(({ name }) => name)).toEqual(['other'])
  await dialog.getByRole('button', { name: 'I have copied it' }).click()
  await page.getByRole('row').filter({ hasText: 'Reader of one' }).getByText('1 deployment').waitFor()
  expect(complaints).toEqual([])
  await context.close()
})
