import type { Me } from '@berth/contracts'
import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  redirect,
  retainSearchParams,
} from '@tanstack/react-router'
import { z } from 'zod'
import { lazyPage } from './app/lazyPage.ts'
import { findOrganization, meQuery, rememberOrganization } from './app/session.ts'
import { auditSearch } from './features/audit/search.ts'
import { leftFrom } from './features/billing/leaveToPay.ts'
import { billingSearch } from './features/billing/search.ts'
import { catalogSearch, serverSearch } from './features/catalog/search.ts'
import { deploymentSearch } from './features/deployments/page/search.ts'
import { keepToken } from './features/invitations/keptToken.ts'
import { lifecycleSearch } from './features/lifecycle/search.ts'
import {
  billedSearch,
  organizationsSearch,
  outboxSearch,
  runnersSearch,
  tiersSearch,
  usersSearch,
} from './features/operator/search.ts'
import { onboardingSearch } from './features/onboarding/search.ts'
import { Root, RouteError, RouteNotFound } from './shell/Root.tsx'
import { feed } from './stream/feed.ts'

const root = createRootRouteWithContext<{ queryClient: QueryClient }>()({
  component: Root,
})

const text = z.string().max(200).optional().catch(undefined)

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/',
  validateSearch: z.object({
    view: z.enum(['sign-in', 'sign-up', 'forgot']).optional().catch(undefined),
    next: text,
  }),
  beforeLoad: async ({ context, search }) => {
    const me = await context.queryClient.ensureQueryData(meQuery)
    if (me && search.view !== 'forgot') throw redirect({ href: internal(search.next) })
  },
  component: lazyPage(() => import('./features/identity/SignInPage.tsx'), 'SignInPage'),
})

const device = createRoute({
  getParentRoute: () => root,
  path: '/device',
  validateSearch: z.object({ user_code: text }),
  beforeLoad: ({ context, location }) => requirePerson(context.queryClient, location.href),
  component: lazyPage(() => import('./features/identity/DevicePage.tsx'), 'DevicePage'),
})

const reset = createRoute({
  getParentRoute: () => root,
  path: '/reset',
  component: lazyPage(() => import('./features/identity/ResetPage.tsx'), 'ResetPage'),
})

const confirmEmail = createRoute({
  getParentRoute: () => root,
  path: '/confirm-email',
  validateSearch: z.object({ next: text }),
  component: lazyPage(() => import('./features/identity/ConfirmEmailPage.tsx'), 'ConfirmEmailPage'),
})

/** Its secret leaves the address bar at once; this tab keeps it until the invitation is answered. */
const invite = createRoute({
  getParentRoute: () => root,
  path: '/onboarding/invite/{-$token}',
  beforeLoad: ({ params: { token } }) => {
    if (token === undefined) return
    keepToken(token)
    throw redirect({ to: '/onboarding/invite/{-$token}', params: { token: undefined }, replace: true })
  },
  component: lazyPage(() => import('./features/invitations/InvitePage.tsx'), 'InvitePage'),
})

/** The first steps: from an account to a server that answers. */
const onboarding = createRoute({
  getParentRoute: () => root,
  path: '/onboarding',
  validateSearch: onboardingSearch,
  beforeLoad: async ({ context, search }) => {
    const me = await context.queryClient.ensureQueryData(meQuery)
    if (me) await follow(me, search.org)
  },
  component: lazyPage(() => import('./features/onboarding/OnboardingPage.tsx'), 'OnboardingPage'),
})

const consoleRoute = createRoute({
  getParentRoute: () => root,
  path: '/console',
  validateSearch: z.object({ org: text, workspace: text }),
  search: { middlewares: [retainSearchParams(['org'])] },
  beforeLoad: async ({ context, location, search }) => {
    const me = await requirePerson(context.queryClient, location.href)
    if (me.organizations.length === 0 && !search.org) throw redirect({ to: '/onboarding' })
    await follow(me, search.org)
  },
  component: lazyPage(() => import('./shell/Console.tsx'), 'Console'),
})

const consoleIndex = createRoute({
  getParentRoute: () => consoleRoute,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/console/lifecycle' })
  },
})

/** An address that was cut short leads to where is listed what stands below it. */
function cutShort<const P extends string>(path: P) {
  return createRoute({
    getParentRoute: () => consoleRoute,
    path,
    beforeLoad: () => {
      throw redirect({ to: '/console/lifecycle', replace: true })
    },
  })
}

const lifecycle = createRoute({
  getParentRoute: () => consoleRoute,
  path: '/lifecycle',
  validateSearch: lifecycleSearch,
  component: lazyPage(() => import('./features/lifecycle/LifecyclePage.tsx'), 'LifecyclePage'),
})

const deployment = createRoute({
  getParentRoute: () => consoleRoute,
  path: '/deployments/$deploymentId',
  validateSearch: deploymentSearch,
  component: lazyPage(() => import('./features/deployments/page/DeploymentPage.tsx'), 'DeploymentPage'),
})

const catalog = createRoute({
  getParentRoute: () => consoleRoute,
  path: '/catalog',
  validateSearch: catalogSearch,
  component: lazyPage(() => import('./features/catalog/CatalogPage.tsx'), 'CatalogPage'),
})

const catalogProvider = createRoute({
  getParentRoute: () => consoleRoute,
  path: '/catalog/$provider',
  beforeLoad: ({ params }) => {
    throw redirect({ to: '/console/catalog', search: { q: `${params.provider}/` }, replace: true })
  },
})

const catalogServer = createRoute({
  getParentRoute: () => consoleRoute,
  path: '/catalog/$provider/$server',
  validateSearch: serverSearch,
  component: lazyPage(() => import('./features/catalog/ServerPage.tsx'), 'ServerPage'),
})

const importFile = createRoute({
  getParentRoute: () => consoleRoute,
  path: '/import',
  component: lazyPage(() => import('./features/import/ImportPage.tsx'), 'ImportPage'),
})

const audit = createRoute({
  getParentRoute: () => consoleRoute,
  path: '/audit',
  validateSearch: auditSearch,
  component: lazyPage(() => import('./features/audit/AuditPage.tsx'), 'AuditPage'),
})

const members = createRoute({
  getParentRoute: () => consoleRoute,
  path: '/members',
  validateSearch: z.object({
    add: z.boolean().optional().catch(undefined),
    invite: z.boolean().optional().catch(undefined),
  }),
  component: lazyPage(() => import('./features/members/MembersPage.tsx'), 'MembersPage'),
})

const workspace = createRoute({
  getParentRoute: () => consoleRoute,
  path: '/workspaces/$workspaceId',
  component: lazyPage(() => import('./features/workspaces/WorkspacePage.tsx'), 'WorkspacePage'),
})

const tokens = createRoute({
  getParentRoute: () => consoleRoute,
  path: '/tokens',
  validateSearch: z.object({ create: z.boolean().optional().catch(undefined) }),
  component: lazyPage(() => import('./features/tokens/TokensPage.tsx'), 'TokensPage'),
})

const settings = createRoute({
  getParentRoute: () => consoleRoute,
  path: '/settings',
  component: lazyPage(() => import('./features/organizations/SettingsPage.tsx'), 'SettingsPage'),
})

/** The organization on view is the one that is meant. */
const billingIndex = createRoute({
  getParentRoute: () => consoleRoute,
  path: '/billing',
  beforeLoad: async ({ context, search }) => {
    const me = await context.queryClient.ensureQueryData(meQuery)
    const organizationId = me && findOrganization(me, search.org)?.slug
    // None of theirs goes by that name, which every page says.
    if (!organizationId) throw redirect({ to: '/console/lifecycle', replace: true })
    throw redirect({ to: '/console/billing/$organizationId', params: { organizationId }, replace: true })
  },
})

const billing = createRoute({
  getParentRoute: () => consoleRoute,
  path: '/billing/$organizationId',
  validateSearch: billingSearch,
  // The organization on view is the one of the path.
  beforeLoad: ({ params, search }) => {
    // Who left for the checkout among the first steps goes on there.
    const from = search.checkout ? leftFrom() : null
    if (from?.startsWith('/onboarding?'))
      throw redirect({
        to: '/onboarding',
        search: { step: 'plan', org: params.organizationId, checkout: search.checkout },
        replace: true,
      })
    if (search.org === params.organizationId) return
    throw redirect({
      to: '/console/billing/$organizationId',
      params,
      search: { ...search, org: params.organizationId },
      replace: true,
    })
  },
  component: lazyPage(() => import('./features/billing/BillingPage.tsx'), 'BillingPage'),
})

const account = createRoute({
  getParentRoute: () => consoleRoute,
  path: '/account',
  component: lazyPage(() => import('./features/account/AccountPage.tsx'), 'AccountPage'),
})

const operator = createRoute({
  getParentRoute: () => consoleRoute,
  path: '/operator',
  component: lazyPage(() => import('./features/operator/OperatorArea.tsx'), 'OperatorArea'),
})

const operatorIndex = createRoute({
  getParentRoute: () => operator,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/console/operator/health' })
  },
})

const operatorHealth = createRoute({
  getParentRoute: () => operator,
  path: '/health',
  component: lazyPage(() => import('./features/operator/HealthPage.tsx'), 'HealthPage'),
})

const operatorUsers = createRoute({
  getParentRoute: () => operator,
  path: '/users',
  validateSearch: usersSearch,
  component: lazyPage(() => import('./features/operator/UsersPage.tsx'), 'UsersPage'),
})

const operatorOrganizations = createRoute({
  getParentRoute: () => operator,
  path: '/organizations',
  validateSearch: organizationsSearch,
  component: lazyPage(() => import('./features/operator/OrganizationsPage.tsx'), 'OrganizationsPage'),
})

const operatorBilling = createRoute({
  getParentRoute: () => operator,
  path: '/billing',
  validateSearch: billedSearch,
  component: lazyPage(() => import('./features/operator/billing/BillingPage.tsx'), 'BillingPage'),
})

const operatorTiers = createRoute({
  getParentRoute: () => operator,
  path: '/tiers',
  validateSearch: tiersSearch,
  component: lazyPage(() => import('./features/operator/TiersPage.tsx'), 'TiersPage'),
})

const operatorRunners = createRoute({
  getParentRoute: () => operator,
  path: '/runners',
  validateSearch: runnersSearch,
  component: lazyPage(() => import('./features/operator/RunnersPage.tsx'), 'RunnersPage'),
})

const operatorOutbox = createRoute({
  getParentRoute: () => operator,
  path: '/outbox',
  validateSearch: outboxSearch,
  component: lazyPage(() => import('./features/operator/OutboxPage.tsx'), 'OutboxPage'),
})

const routeTree = root.addChildren([
  signIn,
  device,
  reset,
  confirmEmail,
  invite,
  onboarding,
  consoleRoute.addChildren([
    consoleIndex,
    lifecycle,
    cutShort('/workspaces'),
    workspace,
    cutShort('/deployments'),
    deployment,
    catalog,
    catalogProvider,
    catalogServer,
    importFile,
    audit,
    members,
    tokens,
    settings,
    billingIndex,
    billing,
    operator.addChildren([
      operatorIndex,
      operatorHealth,
      operatorUsers,
      operatorOrganizations,
      operatorBilling,
      operatorTiers,
      operatorRunners,
      operatorOutbox,
    ]),
    account,
  ]),
])

export function createConsoleRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree,
    context: { queryClient },
    // Not the root's own: where a page fails or is missing, what stands around it stays.
    defaultErrorComponent: RouteError,
    defaultNotFoundComponent: RouteNotFound,
    defaultPreload: 'intent',
    defaultPendingMs: 200,
    scrollRestoration: true,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createConsoleRouter>
  }
}

async function requirePerson(queryClient: QueryClient, href: string) {
  const me = await queryClient.ensureQueryData(meQuery)
  if (!me) throw redirect({ to: '/', search: { next: href } })
  if (me.confirmEmail === 'must') throw redirect({ to: '/confirm-email', search: { next: href } })
  return me
}

/** Keeps the organization in mind that the URL names, and joins the stream of all of the person's. */
async function follow(me: Me, org: string | undefined): Promise<void> {
  // Nothing but the account is open to them.
  if (me.confirmEmail === 'must') return
  const organization = findOrganization(me, org)
  if (org && organization) rememberOrganization(organization.id)
  const organizations = me.organizations.map(({ id }) => id).sort()
  await feed.join([me.user?.id ?? 'service', ...organizations].join(' '))
}

/** Where to go after signing in; only ever inside the console's own pages. */
function internal(href: string | undefined): string {
  return href && /^\/(?![/\\])/.test(href) ? href : '/console/lifecycle'
}
