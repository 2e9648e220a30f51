import type { World } from '../../scripts/demo/world.ts'
import type { Page } from 'playwright-core'

export type Viewer = 'operator' | 'owner' | 'developer' | 'auditor' | 'newcomer' | 'stranger'

/** One thing to photograph. */
export interface Shot {
  name: string
  /** Where it is; given the world it is in. */
  path(world: World): string
  /** Who looks; the owner of the demo's bank, when nobody is named. */
  by?: Viewer
  /** What is done on the page before the picture is taken. */
  act?(page: Page): Promise<void>
  /** Also without anything in it, as somebody sees it whose organization is new. */
  empty?: true
  /** Also with the API out of reach. */
  failing?: true
}

const at = (path: string) => () => path
const deployment =
  (name: keyof World['deployments'], more = '') =>
  (world: World) =>
    `/console/deployments/${world.deployments[name].id}${more}`
const button = (name: string | RegExp) => async (page: Page) =>
  page.getByRole('button', { name }).first().click()

const shell: Shot[] = [
  { name: 'sign-in', path: at('/'), by: 'stranger', failing: true },
  { name: 'sign-up', path: at('/?view=sign-up'), by: 'stranger' },
  {
    name: 'sign-in-refused',
    path: at('/'),
    by: 'stranger',
    async act(page) {
      await page.getByLabel('E-mail').fill('amara@example.com')
      await page.getByLabel('Password').fill('not-her-password')
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByRole('alert').first().waitFor()
    },
  },
  { name: 'not-found', path: at('/console/nowhere') },
  { name: 'not-visible', path: at('/console/deployments/dep_01jv5n8d5yf2ma1x9k3q7w4zce') },
  {
    name: 'palette',
    path: at('/console/lifecycle'),
    act: async (page) => page.keyboard.press('Control+k'),
  },
  { name: 'keys', path: at('/console/lifecycle'), act: async (page) => page.keyboard.press('?') },
]

const places: Shot[] = [
  { name: 'lifecycle', path: at('/console/lifecycle'), empty: true, failing: true },
  { name: 'lifecycle-filtered-empty', path: at('/console/lifecycle?search=nothing-is-called-this') },
  {
    name: 'lifecycle-drift',
    path: ({ deployments }) => `/console/lifecycle?deployment=${deployments.digest.id}`,
  },
  {
    name: 'lifecycle-failed',
    path: ({ deployments }) => `/console/lifecycle?deployment=${deployments.cards.id}`,
  },
  { name: 'launch', path: at('/console/lifecycle'), act: button(/^Launch/) },
  {
    name: 'workspace',
    path: ({ payments }) => `/console/workspaces/${payments.workspace.id}`,
    failing: true,
  },
  { name: 'catalog', path: at('/console/catalog'), by: 'operator', empty: true, failing: true },
  { name: 'catalog-add', path: at('/console/catalog'), by: 'operator', act: button(/^Add/) },
  { name: 'catalog-server', path: at('/console/catalog/local/ticket-desk'), by: 'operator', failing: true },
  { name: 'audit', path: at('/console/audit'), empty: true, failing: true },
  { name: 'members', path: at('/console/members'), empty: true, failing: true },
  { name: 'members-auditor', path: at('/console/members'), by: 'auditor' },
  { name: 'tokens', path: at('/console/tokens'), empty: true, failing: true },
  { name: 'tokens-create', path: at('/console/tokens?create=true') },
  { name: 'settings', path: at('/console/settings'), empty: true, failing: true },
]

const operators: Shot[] = [
  { name: 'operator-health', path: at('/console/operator/health'), by: 'operator', failing: true },
  { name: 'operator-users', path: at('/console/operator/users'), by: 'operator', failing: true },
  {
    name: 'operator-organizations',
    path: at('/console/operator/organizations'),
    by: 'operator',
    failing: true,
    act: async (page) => page.getByRole('row').nth(1).click(),
  },
  {
    name: 'operator-organizations-filtered-empty',
    path: at('/console/operator/organizations?q=nobody'),
    by: 'operator',
  },
  { name: 'operator-tiers', path: at('/console/operator/tiers'), by: 'operator', failing: true },
  { name: 'operator-tier', path: at('/console/operator/tiers?edit=standard'), by: 'operator' },
  { name: 'operator-runners', path: at('/console/operator/runners'), by: 'operator', failing: true },
  { name: 'operator-outbox', path: at('/console/operator/outbox'), by: 'operator', failing: true },
  { name: 'operator-refused', path: at('/console/operator/users') },
]

const tabs = ['calls', 'logs', 'tools', 'runs', 'decisions', 'surface', 'settings']

const deployments: Shot[] = [
  { name: 'deployment-running', path: deployment('rates'), failing: true },
  { name: 'deployment-drifted', path: deployment('digest') },
  { name: 'deployment-crash-loop', path: deployment('cards') },
  { name: 'deployment-refused', path: deployment('refused') },
  { name: 'deployment-stopped', path: deployment('retired') },
  ...tabs.map((tab): Shot => ({ name: `deployment-${tab}`, path: deployment('rates', `?tab=${tab}`) })),
  { name: 'deployment-drift-surface', path: deployment('digest', '?tab=surface') },
  { name: 'deployment-crash-runs', path: deployment('cards', '?tab=runs') },
  { name: 'deployment-crash-logs', path: deployment('cards', '?tab=logs') },
  { name: 'deployment-drift-decisions', path: deployment('digest', '?tab=decisions') },
]

export const shots: readonly Shot[] = [...shell, ...places, ...operators, ...deployments]
