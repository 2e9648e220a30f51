import { password } from '../../scripts/demo/people.ts'
import type { Page } from 'playwright-core'
import type { Scene } from './scene.ts'

export type Viewer = 'operator' | 'owner' | 'developer' | 'auditor' | 'shipper' | 'newcomer' | 'stranger'

/** How wide a window may be: a desk, a small laptop, a telephone. */
export const widths = [1440, 1024, 390] as const

/** One thing to photograph. */
export interface Shot {
  name: string
  /** Where it is; given the world it is in. */
  path(scene: Scene): string
  /** Who looks; the owner of the demo's bank, when nobody is named. */
  by?: Viewer
  /** What is done on the page before the picture is taken. */
  act?(page: Page): Promise<void>
  /** At these only; all of them, when none is named. */
  widths?: readonly (typeof widths)[number][]
  /** Also without anything in it, as somebody sees it whose organization is new. */
  empty?: true
  /** Also with the API out of reach. */
  failing?: true
}

const at = (path: string) => () => path
const deployment =
  (name: keyof Scene['deployments'], more = '') =>
  (scene: Scene) =>
    `/console/deployments/${scene.deployments[name].id}${more}`
const button = (name: string | RegExp) => async (page: Page) =>
  page.getByRole('button', { name }).first().click()
const row = (text: string) => async (page: Page) =>
  page.getByRole('row').filter({ hasText: text }).first().click()
const billing =
  (more = '') =>
  ({ payments }: Scene) =>
    `/console/billing/${payments.workspace.organizationId}${more}`
const dialogOf = (page: Page) => page.getByRole('dialog')

/** Opens one of several choices of a field and takes an option. */
async function choose(page: Page, field: string, option: RegExp): Promise<void> {
  await dialogOf(page).getByRole('combobox', { name: field }).click()
  await page.getByRole('option', { name: option }).first().click()
}

const shell: Shot[] = [
  { name: 'sign-in', path: at('/'), by: 'stranger', failing: true },
  { name: 'sign-up', path: at('/?view=sign-up'), by: 'stranger' },
  { name: 'forgot', path: at('/?view=forgot'), by: 'stranger' },
  { name: 'reset', path: at(`/reset#token=${'x'.repeat(43)}`), by: 'stranger' },
  { name: 'reset-broken-link', path: at('/reset'), by: 'stranger' },
  { name: 'confirm-email-unknown-link', path: at(`/confirm-email#token=${'x'.repeat(43)}`), by: 'stranger' },
  { name: 'invite-broken-link', path: at('/onboarding/invite'), by: 'stranger' },
  { name: 'invite', path: ({ invitation }) => `/onboarding/invite/${invitation}`, by: 'stranger' },
  {
    name: 'invite-somebody-else',
    path: ({ invitation }) => `/onboarding/invite/${invitation}`,
    by: 'auditor',
  },
  ...['account', 'organization', 'plan', 'invite', 'server'].map((step): Shot => ({
    name: `onboarding-${step}`,
    path: at(`/onboarding?step=${step}`),
    by: 'newcomer',
    failing: true,
  })),
  { name: 'onboarding-plan-change', path: at('/onboarding?step=plan&change=team'), by: 'newcomer' },
  {
    name: 'onboarding-plan-unpaid',
    path: ({ unpaid }) => `/onboarding?step=plan&org=${unpaid}&checkout=canceled`,
    by: 'shipper',
  },
  {
    name: 'onboarding-server-runs',
    path: ({ payments, deployments: { rates } }) =>
      `/onboarding?step=server&org=${payments.workspace.organizationId}&deployment=${rates.id}`,
  },
  { name: 'device', path: at('/device') },
  { name: 'device-unknown-code', path: at('/device?user_code=NOTACODE') },
  { name: 'organization-unknown', path: at('/console/lifecycle?org=nowhere') },
  {
    name: 'organization-create',
    path: at('/console/lifecycle'),
    async act(page) {
      await page.getByRole('button', { name: /^Organization:/ }).click()
      await page
        .getByRole('menuitem', { name: /organization/i })
        .last()
        .click()
      await page.getByRole('heading', { name: 'Create an organization' }).waitFor()
    },
  },
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
  {
    name: 'palette-found',
    path: at('/console/lifecycle'),
    async act(page) {
      await page.keyboard.press('Control+k')
      await page.getByRole('combobox', { name: 'Search or act' }).fill('rates')
    },
  },
  { name: 'keys', path: at('/console/lifecycle'), act: async (page) => page.keyboard.press('?') },
  {
    name: 'account-menu',
    path: at('/console/lifecycle'),
    act: button(/^Account of/),
    widths: [1440, 1024],
  },
  { name: 'organization-menu', path: at('/console/lifecycle'), act: button(/^Organization:/) },
  {
    name: 'places-menu',
    path: at('/console/lifecycle'),
    act: button('Pages and account'),
    widths: [1024, 390],
  },
]

const account: Shot[] = [
  { name: 'account', path: at('/console/account'), empty: true, failing: true },
  { name: 'account-email', path: at('/console/account'), act: button(/^Change/) },
  {
    name: 'account-totp',
    path: at('/console/account'),
    by: 'newcomer',
    async act(page) {
      await page.getByRole('button', { name: 'Turn on…' }).click()
      await dialogOf(page).getByLabel('Password').fill(password)
      await dialogOf(page).getByRole('button', { name: 'Continue' }).click()
      await dialogOf(page)
        .getByRole('img', { name: /^QR code/ })
        .waitFor()
    },
  },
  { name: 'account-delete', path: at('/console/account'), by: 'developer', act: button(/^Delete/) },
]

/** A settings file as people have them: what can be imported, and what cannot. */
const clientFile = JSON.stringify({
  mcpServers: {
    everything: { command: 'npx', args: ['-y', '@modelcontextprotocol/server-everything'] },
    tickets: { url: 'https://tickets.example.com/mcp', headers: { Authorization: 'Bearer abc' } },
    shell: { command: 'bash', args: ['-c', 'serve'] },
  },
})

const places: Shot[] = [
  { name: 'lifecycle', path: at('/console/lifecycle'), empty: true, failing: true },
  { name: 'lifecycle-filtered-empty', path: at('/console/lifecycle?q=nothing-is-called-this') },
  {
    name: 'lifecycle-drift',
    path: ({ deployments }) => `/console/lifecycle?deployment=${deployments.digest.id}`,
  },
  {
    name: 'lifecycle-failed',
    path: ({ deployments }) => `/console/lifecycle?deployment=${deployments.cards.id}`,
  },
  {
    name: 'launch',
    path: at('/console/lifecycle?launch=true'),
    act: async (page) => dialogOf(page).getByRole('combobox', { name: 'Server' }).waitFor(),
  },
  {
    name: 'launch-fault',
    path: at('/console/lifecycle?launch=true&server=local/card-network'),
    async act(page) {
      await dialogOf(page).getByLabel(/^Name/).fill('Not a name!')
      await dialogOf(page).getByRole('button', { name: 'Launch', exact: true }).click()
      await dialogOf(page).getByRole('alert').first().waitFor()
    },
  },
  {
    name: 'launch-held',
    path: ({ service }) =>
      `/console/lifecycle?launch=true&server=local/ticket-desk&workspace=${service.workspace.key}`,
    act: async (page) => dialogOf(page).getByText('It would be held').waitFor(),
  },
  {
    name: 'workspace',
    path: ({ payments }) => `/console/workspaces/${payments.workspace.id}`,
    failing: true,
  },
  {
    name: 'workspace-secret-set',
    path: ({ payments }) => `/console/workspaces/${payments.workspace.id}`,
    act: button(/^Set a secret|^Add a secret/),
  },
  {
    name: 'workspace-service-token',
    path: ({ payments }) => `/console/workspaces/${payments.workspace.id}`,
    act: button(/service token/),
  },
  {
    name: 'workspace-archive',
    path: ({ payments }) => `/console/workspaces/${payments.workspace.id}`,
    act: button(/^Archive/),
  },
  { name: 'catalog', path: at('/console/catalog'), by: 'operator', empty: true, failing: true },
  { name: 'catalog-filtered-empty', path: at('/console/catalog?q=nothing-is-called-this') },
  ...['npm', 'remote', 'local'].map((kind, which): Shot => ({
    name: `catalog-add-${kind}`,
    path: () => '/console/catalog?add=true',
    by: 'operator',
    async act(page) {
      await choose(page, 'From', [/An npm package/, /elsewhere/, /A folder/][which]!)
      await dialogOf(page).getByRole('button', { name: 'Add server' }).click()
    },
  })),
  { name: 'import', path: at('/console/import') },
  {
    name: 'import-entries',
    path: at('/console/import'),
    by: 'operator',
    async act(page) {
      await page.getByLabel('Or paste its text').fill(clientFile)
      await page.getByRole('button', { name: /^Read/ }).click()
      await page.getByText('tickets').first().waitFor()
    },
  },
  { name: 'catalog-server', path: at('/console/catalog/local/ticket-desk'), by: 'operator', failing: true },
  { name: 'audit', path: at('/console/audit'), empty: true, failing: true },
  { name: 'members', path: at('/console/members'), empty: true, failing: true },
  { name: 'members-auditor', path: at('/console/members'), by: 'auditor' },
  { name: 'tokens', path: at('/console/tokens'), empty: true, failing: true },
  { name: 'tokens-create', path: at('/console/tokens?create=true') },
  { name: 'members-add', path: at('/console/members?add=true') },
  { name: 'members-invite', path: at('/console/members?invite=true') },
  { name: 'billing', path: billing(), failing: true },
  { name: 'billing-by-tool', path: billing('?by=tool') },
  { name: 'billing-change', path: billing('?change=business') },
  { name: 'billing-auditor', path: billing(), by: 'auditor' },
  {
    name: 'billing-unpaid',
    path: ({ unpaid }) => `/console/billing/${unpaid}?checkout=canceled`,
    by: 'shipper',
  },
  {
    name: 'billing-waiting',
    path: ({ unpaid }) => `/console/billing/${unpaid}?checkout=done`,
    by: 'shipper',
  },
  { name: 'billing-card', path: ({ paid }) => `/console/billing/${paid}`, by: 'shipper' },
  { name: 'settings', path: at('/console/settings'), empty: true, failing: true },
  { name: 'settings-auditor', path: at('/console/settings'), by: 'auditor' },
  { name: 'settings-close', path: at('/console/settings'), act: button(/^Close /) },
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
  {
    name: 'operator-billing',
    path: at('/console/operator/billing'),
    by: 'operator',
    failing: true,
    act: row('Skerry Freight'),
  },
  { name: 'operator-billing-webhooks', path: at('/console/operator/billing?tab=webhooks'), by: 'operator' },
  {
    name: 'operator-billing-webhook-dead',
    path: at('/console/operator/billing?tab=webhooks'),
    by: 'operator',
    act: row('usage.recorded'),
  },
  {
    name: 'operator-billing-drift',
    path: at('/console/operator/billing?tab=drift'),
    by: 'operator',
    act: row('bank statement 12'),
  },
  {
    name: 'operator-billing-reconcile',
    path: at('/console/operator/billing?tab=drift&ask=reconcile'),
    by: 'operator',
  },
  { name: 'operator-billing-plans', path: at('/console/operator/billing?ask=plans'), by: 'operator' },
  { name: 'operator-billing-test', path: at('/console/operator/billing?ask=test'), by: 'operator' },
  { name: 'operator-tiers', path: at('/console/operator/tiers'), by: 'operator', failing: true },
  { name: 'operator-tier', path: at('/console/operator/tiers?edit=standard'), by: 'operator' },
  { name: 'operator-runners', path: at('/console/operator/runners'), by: 'operator', failing: true },
  { name: 'operator-outbox', path: at('/console/operator/outbox'), by: 'operator', failing: true },
  {
    name: 'operator-outbox-message',
    path: at('/console/operator/outbox'),
    by: 'operator',
    act: row('Set a new password'),
  },
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
  { name: 'deployment-connect', path: deployment('rates'), act: button('Connect') },
  {
    name: 'deployment-tools-answered',
    path: deployment('rates', '?tab=tools'),
    async act(page) {
      await page.getByRole('button', { name: /^Call / }).click()
      await page
        .getByRole('alert')
        .or(page.getByText(/in the gateway/))
        .first()
        .waitFor()
    },
  },
  { name: 'deployment-calls-filtered-empty', path: deployment('rates', '?tab=calls&tool=none') },
  { name: 'deployment-stop', path: deployment('rates'), act: button('Stop') },
  { name: 'deployment-delete', path: deployment('rates', '?tab=settings'), act: button('Delete…') },
  { name: 'deployment-auditor', path: deployment('rates'), by: 'auditor' },
  { name: 'deployment-drift', path: deployment('digest'), act: button('Review what changed') },
  { name: 'deployment-drift-surface', path: deployment('digest', '?tab=surface') },
  { name: 'deployment-crash-runs', path: deployment('cards', '?tab=runs') },
  { name: 'deployment-crash-logs', path: deployment('cards', '?tab=logs') },
  { name: 'deployment-drift-decisions', path: deployment('digest', '?tab=decisions') },
]

const documentation: Shot[] = [
  ['docs', '/docs'],
  ['docs-first-call', '/docs/first-call/'],
  ['docs-concept', '/docs/concepts/deployment/'],
  ['docs-billing', '/docs/operate/billing/'],
  ['docs-sign-up', '/docs/sign-up/'],
  ['docs-errors', '/docs/reference/errors/'],
  ['docs-commands', '/docs/reference/mcpctl/'],
  ['docs-api', '/docs/api'],
].map(([name, path]): Shot => ({ name: name!, path: at(path!), by: 'stranger' }))

/** What changes the world a little comes last: which organization somebody looked at last, too. */
const changing: Shot[] = [
  { name: 'billing-past-due', path: ({ pastDue }) => `/console/billing/${pastDue}`, by: 'operator' },
  { name: 'billing-suspended', path: ({ suspended }) => `/console/billing/${suspended}`, by: 'operator' },
  {
    name: 'lifecycle-unpaid',
    path: ({ suspended }) => `/console/lifecycle?org=${suspended}`,
    by: 'operator',
  },
  {
    name: 'tokens-created',
    path: at('/console/tokens?create=true'),
    by: 'developer',
    async act(page) {
      await dialogOf(page).getByLabel('Name').fill('Laptop')
      await dialogOf(page).getByRole('button', { name: 'Create token' }).click()
      await dialogOf(page)
        .getByText(/^berth_pat_/)
        .waitFor()
    },
  },
]

export const shots: readonly Shot[] = [
  ...shell,
  ...account,
  ...places,
  ...operators,
  ...deployments,
  ...documentation,
  ...changing,
]
