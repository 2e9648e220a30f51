import { auditEndpoints } from './audit.ts'
import { callEndpoints } from './calls.ts'
import { catalogEndpoints } from './catalog.ts'
import { deploymentEndpoints } from './deployments.ts'
import { identityEndpoints } from './identity.ts'
import { lifecycleEndpoints } from './lifecycle.ts'
import { organizationEndpoints } from './organizations.ts'
import { platformEndpoints } from './platform.ts'
import { policyEndpoints } from './policy.ts'
import { runEndpoints } from './runs.ts'
import { secretEndpoints } from './secrets.ts'
import { tierEndpoints } from './tiers.ts'
import { tokenEndpoints } from './tokens.ts'
import { workspaceEndpoints } from './workspaces.ts'

/** Every endpoint of the API, by domain. */
export const api = {
  platform: platformEndpoints,
  identity: identityEndpoints,
  organizations: organizationEndpoints,
  tokens: tokenEndpoints,
  catalog: catalogEndpoints,
  tiers: tierEndpoints,
  workspaces: workspaceEndpoints,
  secrets: secretEndpoints,
  deployments: deploymentEndpoints,
  policy: policyEndpoints,
  runs: runEndpoints,
  calls: callEndpoints,
  audit: auditEndpoints,
  lifecycle: lifecycleEndpoints,
}
