import { z } from 'zod'
import { emailAddress } from './account.ts'
import { endpoint } from './endpoint.ts'
import { displayName, idOf, organizationRef, slug, timestamp } from './ids.ts'
import { pageOf, pageQuery } from './pagination.ts'
import { memberRole } from './permissions.ts'

export const timeZone = z.string().refine((zone) => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}, 'must be an IANA time zone such as "Europe/Berlin"')

export const organizationState = z.enum(['active', 'suspended', 'closed'])

/** Why nothing changes and nothing is called in an organization that is not active. */
export const haltedSentence = {
  suspended:
    'The organization is suspended: it can be read, but nothing in it is changed, launched or called until an operator resumes it.',
  closed: 'The organization is closed: its owners can read and export what is kept of it, and nothing else.',
} as const

export const organization = z.object({
  id: idOf('organization'),
  slug: z.string(),
  name: z.string(),
  timeZone: z.string(),
  kind: z.enum(['standard', 'test', 'platform']),
  state: organizationState,
  stateReason: z.string().nullable().describe('Why it is suspended or closed'),
  stateSince: timestamp.nullable(),
  version: z.number().int(),
  createdAt: timestamp,
})
export type Organization = z.infer<typeof organization>

export const member = z.object({
  id: idOf('member'),
  userId: idOf('user'),
  name: z.string(),
  email: z.string(),
  role: memberRole,
  joinedAt: timestamp,
})

const inOrganization = z.object({ organizationId: organizationRef })
const oneMember = inOrganization.extend({ memberId: idOf('member') })

export const organizationEndpoints = {
  list: endpoint({
    id: 'organizations.list',
    method: 'GET',
    path: '/api/orgs',
    tag: 'organizations',
    summary: 'The organizations the caller belongs to',
    access: { kind: 'user' },
    query: pageQuery,
    response: pageOf(organization),
  }),
  create: endpoint({
    id: 'organizations.create',
    example: { body: { name: 'Acme' } },
    method: 'POST',
    path: '/api/orgs',
    tag: 'organizations',
    summary: 'Create an organization; the caller becomes its owner',
    access: { kind: 'user' },
    body: z.object({ name: displayName, slug: slug.optional(), timeZone: timeZone.default('UTC') }),
    status: 201,
    response: organization,
    idempotent: true,
  }),
  get: endpoint({
    id: 'organizations.get',
    method: 'GET',
    path: '/api/orgs/:organizationId',
    tag: 'organizations',
    summary: 'One organization',
    access: { kind: 'organization', permission: 'organization:read' },
    params: inOrganization,
    response: organization,
  }),
  update: endpoint({
    id: 'organizations.update',
    example: { body: { name: 'Acme Labs' } },
    method: 'PATCH',
    path: '/api/orgs/:organizationId',
    tag: 'organizations',
    summary: 'Rename an organization, change its slug or its time zone',
    description: 'The old slug stays an alias: URLs that carry it go on working.',
    access: { kind: 'organization', permission: 'organization:write' },
    params: inOrganization,
    body: z.object({
      name: displayName.optional(),
      slug: slug.optional(),
      timeZone: timeZone.optional(),
      expectedVersion: z.number().int().optional(),
    }),
    response: organization,
  }),
  listMembers: endpoint({
    id: 'organizations.list-members',
    method: 'GET',
    path: '/api/orgs/:organizationId/members',
    tag: 'organizations',
    summary: 'The people of an organization',
    access: { kind: 'organization', permission: 'members:read' },
    params: inOrganization,
    query: pageQuery,
    response: pageOf(member),
  }),
  addMember: endpoint({
    id: 'organizations.add-member',
    example: { body: { email: '$EMAIL', role: 'developer' } },
    method: 'POST',
    path: '/api/orgs/:organizationId/members',
    tag: 'organizations',
    summary: 'Add a person who has an account already',
    access: { kind: 'organization', permission: 'members:write' },
    params: inOrganization,
    body: z.object({ email: emailAddress, role: memberRole }),
    status: 201,
    response: member,
    idempotent: true,
  }),
  updateMember: endpoint({
    id: 'organizations.update-member',
    example: { body: { role: 'auditor' } },
    method: 'PATCH',
    path: '/api/orgs/:organizationId/members/:memberId',
    tag: 'organizations',
    summary: "Change a member's role",
    description: 'An organization always keeps at least one owner; only owners make or unmake owners.',
    access: { kind: 'organization', permission: 'members:write' },
    params: oneMember,
    body: z.object({ role: memberRole }),
    response: member,
  }),
  removeMember: endpoint({
    id: 'organizations.remove-member',
    method: 'DELETE',
    path: '/api/orgs/:organizationId/members/:memberId',
    tag: 'organizations',
    summary: 'Take a person out of an organization; their tokens stop working there at once',
    access: { kind: 'organization', permission: 'members:write' },
    params: oneMember,
  }),
}
