import { accountEndpoints } from './account.ts'
import { auditEndpoints } from './audit.ts'
import { holdEndpoints } from './billing/holds.ts'
import { invoiceEndpoints } from './billing/invoices.ts'
import { invitationEndpoints } from './billing/invitations.ts'
import { planEndpoints } from './billing/plans.ts'
import { checkoutEndpoints, providerEndpoints } from './billing/providers.ts'
import { quotaEndpoints } from './billing/quotas.ts'
import { billingOperatorEndpoints, subscriptionEndpoints } from './billing/subscriptions.ts'
import { callEndpoints } from './calls.ts'
import { catalogEndpoints } from './catalog.ts'
import { departureEndpoints } from './departure.ts'
import { deploymentEndpoints } from './deployments.ts'
import { identityEndpoints } from './identity.ts'
import { lifecycleEndpoints } from './lifecycle.ts'
import { limitEndpoints } from './limits.ts'
import { notificationEndpoints } from './notifications.ts'
import { onboardingEndpoints } from './onboarding.ts'
import { operatorEndpoints } from './operator.ts'
import { organizationEndpoints } from './organizations.ts'
import { policyEndpoints } from './policy.ts'
import { runEndpoints } from './runs.ts'
import { secretEndpoints } from './secrets.ts'
import { tierEndpoints } from './tiers.ts'
import { tokenEndpoints } from './tokens.ts'
import { userEndpoints } from './users.ts'
import { workspaceEndpoints } from './workspaces.ts'

/** Every endpoint of the API, by domain. */
export const api = {
  operator: operatorEndpoints,
  limits: limitEndpoints,
  identity: identityEndpoints,
  account: accountEndpoints,
  users: userEndpoints,
  notifications: notificationEndpoints,
  organizations: organizationEndpoints,
  invitations: invitationEndpoints,
  onboarding: onboardingEndpoints,
  departure: departureEndpoints,
  tokens: tokenEndpoints,
  catalog: catalogEndpoints,
  tiers: tierEndpoints,
  workspaces: workspaceEndpoints,
  secrets: secretEndpoints,
  deployments: deploymentEndpoints,
  policy: policyEndpoints,
  runs: runEndpoints,
  calls: callEndpoints,
  plans: planEndpoints,
  subscriptions: subscriptionEndpoints,
  invoices: invoiceEndpoints,
  billing: billingOperatorEndpoints,
  quotas: quotaEndpoints,
  holds: holdEndpoints,
  payments: providerEndpoints,
  checkout: checkoutEndpoints,
  audit: auditEndpoints,
  lifecycle: lifecycleEndpoints,
}
