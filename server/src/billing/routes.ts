import type { Route } from '../platform/http/implement.ts'
import { planRoutes } from './plans/routes.ts'

export function billingRoutes(): Route[] {
  return [...planRoutes()]
}
