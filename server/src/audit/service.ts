export { auditRoutes, type AuditRouteDeps } from './routes.ts'
