import { organizationEndpoints } from '@berth/contracts'
import type { Feed } from '../platform/feed.ts'
import { implement, type Route } from '../platform/http/implement.ts'
import type { Principal } from '../platform/http/principal.ts'
import { Refusal } from '../platform/problem.ts'
import { addMember, changeRole, removeMember, type DemandSeat, type OnLeave } from './members.ts'
import { createOrganization, updateOrganization } from './organizations.ts'
import { pageOfMembers, pageOfOrganizations, readOrganization } from './store.ts'

export interface OrganizationRouteDeps {
  feed: Feed
  onLeave: OnLeave
  demandSeat: DemandSeat
}

export function organizationRoutes({ feed, onLeave, demandSeat }: OrganizationRouteDeps): Route[] {
  return implement(organizationEndpoints, {
    list: (context, { query }) =>
      pageOfOrganizations(context.db, [...context.principal.permissions.keys()], query),
    create: (context, { body }) => {
      const ownerId = signedIn(context.principal)
      return context.mutate((tx) => createOrganization(tx, { ...body, ownerId }))
    },
    get: (context) => readOrganization(context.db, context.organizationId),
    update: (context, { body }) =>
      context.mutate((tx) => updateOrganization(tx, context.organizationId, body)),
    listMembers: (context, { query }) => pageOfMembers(context.db, context.organizationId, query),
    addMember: (context, { body }) =>
      context.mutate((tx) => addMember(tx, context.organizationId, body, demandSeat)),
    updateMember: async (context, { params, body }) => {
      const changed = await context.mutate((tx) =>
        changeRole(tx, context.organizationId, params.memberId, body.role),
      )
      await feed.catchUp()
      return changed
    },
    removeMember: async (context, { params }) => {
      await context.mutate((tx) => removeMember(tx, context.organizationId, params.memberId, onLeave))
      await feed.catchUp()
    },
  })
}

/** The person who is here themselves: a token's scopes say nothing about founding organizations. */
function signedIn(principal: Principal): string {
  if (principal.sessionId) return principal.id
  throw new Refusal('forbidden', 'This needs a sign-in: a token cannot create organizations.')
}
