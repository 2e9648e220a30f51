/** The runtime's door: deployments, and the processes that serve them. */
export { createRuntime, type Homes, type Runtime, type RuntimeOptions } from './runtime.ts'
export { runtimeRoutes, type LiveDeployments } from './routes.ts'
export { detectCapabilities, toldCapabilities } from './sandbox/capabilities.ts'
export type { RuntimeLogs } from './logs.ts'
export { usualTimings } from './limits.ts'
export type { StopReason } from './held.ts'
export { findDeployment, findDeployments, homeAddress, toDeployment, type DeploymentRow } from './store.ts'
export { removeDeploymentsOf } from './deployments.ts'
