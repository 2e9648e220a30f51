export { createOrganization } from './organizations.ts'
export { createOrganizationResolver, type ResolveOrganization } from './resolver.ts'
export { organizationRoutes, type OrganizationRouteDeps } from './routes.ts'
export { lockOrganization, readOrganization } from './store.ts'
