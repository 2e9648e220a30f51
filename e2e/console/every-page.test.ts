/** What holds of every page of the console, whoever looks at it and however it goes. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { api, type Deployment, type Workspace } from '@berth/contracts'
import type { Page, Route } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestPerson } from '@berth/server/platform/testing/index.ts'
import { eventually } from '../support/eventually.ts'
import {
  expectAccessibleInBoth,
  expectNoSidewaysScroll,
  openStage,
  settle,
  type Stage,
  visit,
} from './support.ts'

const folder = path.join(import.meta.dirname, '../fixtures/mcp')
/** All pages of a viewer are visited in one go; a busy machine takes its time. */
const patience = 600_000

interface World {
  workspace: Workspace
  deployment: Deployment
}

type Viewer = 'stranger' | 'owner' | 'operator'

interface Look {
  viewer: Viewer
  /** Addresses that it is seen at; given a world, where there is one thing of each kind. */
  at: (world: World) => string[]
  title: RegExp
  /** What somebody sees there whose organization is new. */
  empty?: RegExp
  /** Whether it shows anything that it has to ask for; what does not goes on when nothing answers. */
  asks?: false
}

const tabs = ['calls', 'logs', 'tools', 'runs', 'decisions', 'surface', 'settings']

/** Every route of console/src/router.tsx that shows a page. */
const looks: Record<string, Look> = {
  '/': { viewer: 'stranger', at: () => ['/', '/?view=sign-up', '/?view=forgot'], title: /./, asks: false },
  '/reset': { viewer: 'stranger', at: () => ['/reset'], title: /Set a new password/, asks: false },
  '/confirm-email': {
    viewer: 'stranger',
    at: () => ['/confirm-email'],
    title: /Confirm an e-mail address/,
    asks: false,
  },
  '/onboarding': {
    viewer: 'owner',
    at: () =>
      ['account', 'organization', 'plan', 'invite', 'server'].map((step) => `/onboarding?step=${step}`),
    title: /· Full/,
  },
  '/onboarding/invite/{-$token}': {
    viewer: 'stranger',
    at: () => ['/onboarding/invite'],
    title: /^Invitation/,
    asks: false,
  },
  '/device': { viewer: 'owner', at: () => ['/device'], title: /Sign in a command line/, asks: false },
  '/console/lifecycle': {
    viewer: 'owner',
    at: ({ deployment }) => ['/console/lifecycle', `/console/lifecycle?deployment=${deployment.id}`],
    title: /Lifecycle · Full/,
    empty: /Nothing runs here yet/,
  },
  '/console/workspaces/$workspaceId': {
    viewer: 'owner',
    at: ({ workspace }) => [`/console/workspaces/${workspace.id}`],
    title: /Main · Full/,
  },
  '/console/deployments/$deploymentId': {
    viewer: 'owner',
    at: ({ deployment: { id } }) =>
      ['', ...tabs.map((tab) => `?tab=${tab}`)].map((tab) => `/console/deployments/${id}${tab}`),
    title: /echo · Full/,
  },
  '/console/catalog': { viewer: 'owner', at: () => ['/console/catalog'], title: /Catalog · Full/ },
  '/console/catalog/$provider/$server': {
    viewer: 'owner',
    at: () => ['/console/catalog/local/echo'],
    title: /echo · Catalog · Full/,
  },
  '/console/import': {
    viewer: 'owner',
    at: () => ['/console/import'],
    title: /Import · Full/,
    asks: false,
  },
  '/console/audit': { viewer: 'owner', at: () => ['/console/audit'], title: /Audit · Full/, empty: /./ },
  '/console/members': {
    viewer: 'owner',
    at: () => ['/console/members'],
    title: /Members · Full/,
    empty: /./,
  },
  '/console/tokens': {
    viewer: 'owner',
    at: () => ['/console/tokens'],
    title: /Tokens · Full/,
    empty: /You have no API tokens/,
  },
  '/console/settings': {
    viewer: 'owner',
    at: () => ['/console/settings'],
    title: /Settings · Full/,
    empty: /./,
  },
  '/console/billing/$organizationId': {
    viewer: 'owner',
    at: ({ deployment }) => [`/console/billing/${deployment.organizationId}`],
    title: /Billing · Full/,
  },
  '/console/account': { viewer: 'owner', at: () => ['/console/account'], title: /^Account/ },
  '/console/operator/health': operators('Health'),
  '/console/operator/users': operators('Users'),
  '/console/operator/organizations': operators('Organizations'),
  '/console/operator/billing': operators('Billing'),
  '/console/operator/tiers': operators('Tiers'),
  '/console/operator/runners': operators('Runners'),
  '/console/operator/outbox': operators('Outbox'),
}

function operators(name: string): Look {
  return {
    viewer: 'operator',
    at: () => [`/console/operator/${name.toLowerCase()}`],
    title: new RegExp(`^${name} · Operator`),
  }
}

let stage: Stage
let world: World
let viewers: Record<Exclude<Viewer, 'stranger'> | 'newcomer', TestPerson>

beforeAll(async () => {
  stage = await openStage()
  const operator = (await settle(stage.server, 'Operations')).person
  const newcomer = (await settle(stage.server, 'Full of Nothing')).person
  const { person: owner, organizationId } = await settle(stage.server, 'Full')
  viewers = { operator, newcomer, owner }
  await operator.client.call(api.catalog.add, {
    body: { name: 'echo', artifact: { kind: 'local', path: folder, command: ['node', 'echo.mjs'] } },
  })
  const params = { organizationId }
  const body = { name: 'Main', tier: 'community' }
  const workspace = await owner.client.call(api.workspaces.create, { params, body })
  const { id: deploymentId } = await owner.client.call(api.deployments.launch, {
    params,
    body: { workspaceId: workspace.id, server: 'local/echo' },
  })
  const deployment = await eventually('it runs', async () => {
    const found = await owner.client.call(api.deployments.get, { params: { ...params, deploymentId } })
    return found.phase === 'running' ? found : null
  })
  await owner.client.call(api.deployments.call, {
    params: { ...params, deploymentId },
    body: { tool: 'echo', arguments: { message: 'hello' } },
  })
  await owner.client.call(api.tokens.createMine, { body: { name: 'Editor', scopes: ['tools:call'] } })
  await owner.client.call(api.secrets.set, {
    params: { ...params, workspaceId: workspace.id, name: 'API_KEY' },
    body: { value: 'a value' },
  })
  world = { workspace, deployment }
})
afterAll(() => stage?.close())

/** The paths of the router's routes that show a page: not of those that lead elsewhere, or only stand around others. */
function routesOf(source: string): string[] {
  const declared = new Map(
    [
      ...source.matchAll(
        /const (\w+) = createRoute\(\{\s+getParentRoute: \(\) => (\w+),\s+path: '([^']*)'(.*?)\n\}\)/gs,
      ),
    ].map(([, name, parent, own, rest]) => [
      name!,
      { parent: parent!, own: own!, shows: rest!.includes('component: lazyPage(') },
    ]),
  )
  const showing = [...declared.keys()].filter((name) => declared.get(name)!.shows)
  expect(showing.length, 'every page was understood').toBe(source.split('component: lazyPage(').length - 1)
  const pathOf = (name: string): string => {
    const route = declared.get(name)
    return route ? `${pathOf(route.parent)}/${route.own}`.replace(/\/+/g, '/') : ''
  }
  const parents = new Set([...declared.values()].map(({ parent }) => parent))
  return showing.filter((name) => !parents.has(name)).map(pathOf)
}

test('no page is left out', () => {
  const router = path.join(import.meta.dirname, '../../console/src/router.tsx')
  expect(Object.keys(looks).toSorted()).toEqual(routesOf(readFileSync(router, 'utf8')).toSorted())
})

/** Opens a page and looks at it; a fault is told with its address. */
async function look(page: Page, address: string, at: () => Promise<void>): Promise<void> {
  try {
    await page.goto(address)
    await at()
  } catch (error) {
    throw new Error(`${address}: ${(error as Error).message}`, { cause: error })
  }
}

/** Waits until nothing is on its way to the page any more. */
async function settled(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor()
  await page.locator('.animate-pulse').first().waitFor({ state: 'detached' })
}

/** What holds of every page at any time. */
async function expectWhole(page: Page, title: RegExp): Promise<void> {
  await settled(page)
  expect(await page.title()).toMatch(/ · Berth$/)
  expect(await page.title()).toMatch(title)
  expect(await page.locator('h1').count(), `the headings of ${page.url()}`).toBe(1)
  for (const width of [390, 1024, 1440]) {
    await page.setViewportSize({ width, height: 900 })
    await expectNoSidewaysScroll(page)
  }
}

const seenBy = (viewer: Viewer) => Object.values(looks).filter((one) => one.viewer === viewer)

describe.each(['stranger', 'owner', 'operator'] as const)('seen by the %s', (viewer) => {
  const enter = () => visit(stage, viewer === 'stranger' ? {} : { person: viewers[viewer] })

  test(
    'every page has its name and its heading, fits, and is accessible in both themes',
    { timeout: patience },
    async () => {
      const { page, context, complaints } = await enter()
      for (const { at, title } of seenBy(viewer))
        for (const address of at(world))
          await look(page, address, async () => {
            await expectWhole(page, title)
            await expectAccessibleInBoth(page)
          })
      expect(complaints).toEqual([])
      await context.close()
    },
  )

  test(
    'with nothing to answer every page says so, and comes when it is tried again',
    { timeout: patience },
    async () => {
      const { page, context, complaints } = await enter()
      for (const address of seenBy(viewer).flatMap(({ at, asks }) => (asks === false ? [] : at(world)))) {
        const lift = await cutOff(page, address)
        await look(page, address, async () => {
          const told = page.getByRole('alert')
          await told
            .first()
            .getByText(/^Berth does not answer/)
            .waitFor()
          await expectWhole(page, /./)
          await expectAccessibleInBoth(page)
          await lift()
          // Each part of a page is asked for again by itself.
          const again = told.getByRole('button', { name: 'Try again' }).first()
          await eventually('it is whole again', async () => {
            if ((await told.count()) === 0) return true
            await again.click({ timeout: 5000 }).catch(() => undefined)
            return null
          })
          await settled(page)
        })
      }
      expect(complaints).toEqual([])
      await context.close()
    },
  )
})

test('in a new organization every page says what it is for', { timeout: patience }, async () => {
  const { page, context, complaints } = await visit(stage, { person: viewers.newcomer })
  for (const { at, empty } of Object.values(looks)) {
    if (!empty) continue
    await look(page, at(world)[0]!, async () => {
      await page.getByRole('main').getByText(empty).first().waitFor()
      await expectWhole(page, /· Full of Nothing ·/)
      await expectAccessibleInBoth(page)
    })
  }
  expect(complaints).toEqual([])
  await context.close()
})

test(
  'what the server refuses is told with its code and the request to quote',
  { timeout: patience },
  async () => {
    const { page, context, complaints } = await visit(stage, { person: viewers.owner })
    // Asks for the same of an organization that there is none of.
    const { organizationId } = world.deployment
    const unknown = `${organizationId.slice(0, -4)}0000`
    const elsewhere = (route: Route) =>
      route.continue({ url: route.request().url().replace(organizationId, unknown) })
    await page.route((url) => url.href.includes(organizationId), elsewhere)
    for (const address of [
      'lifecycle',
      'audit',
      'members',
      `workspaces/${world.workspace.id}`,
      `deployments/${world.deployment.id}`,
    ]) {
      await look(page, `/console/${address}`, async () => {
        const told = page.getByRole('alert').first()
        await told.getByText('not_found').waitFor()
        await told.getByRole('button', { name: /^req_.*copy request id$/ }).waitFor()
        await told.getByRole('button', { name: 'Try again' }).waitFor()
        await expectWhole(page, /./)
      })
    }
    expect(complaints).toEqual([])
    await context.close()
  },
)

/** Takes away everything the page asks of the API but who is signed in, and what its tabs are of; the answer gives it back. */
async function cutOff(page: Page, address: string): Promise<() => Promise<void>> {
  const asked = address.includes('?tab=')
    ? /\/api\/(?!me$|setup$|orgs\/[^/]+\/deployments\/[^/]+$)/
    : /\/api\/(?!me$|setup$)/
  await page.route(asked, (route) => route.abort('connectionrefused'))
  return () => page.unroute(asked)
}
