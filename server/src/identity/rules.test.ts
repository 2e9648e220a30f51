import { describe, expect, test } from 'vitest'
import { permissions, platformOrganizationId, rolePermissions } from '@berth/contracts'
import { credentialIn, credentialOf } from './credentials.ts'
import { beyond, grantsOfApiToken, grantsOfPerson, grantsOfServiceToken, type Membership } from './rules.ts'

const active: Membership = { organizationId: 'org_a', role: 'developer', state: 'active' }
const suspended: Membership = { organizationId: 'org_s', role: 'owner', state: 'suspended' }
const closed: Membership = { organizationId: 'org_c', role: 'owner', state: 'closed' }
const nobody = new Set<never>()

describe('what a person may do', () => {
  test('follows from their role in each organization', () => {
    const grants = grantsOfPerson([active, { ...active, organizationId: 'org_b', role: 'auditor' }], nobody)
    expect([...grants.get('org_a')!].toSorted()).toEqual(rolePermissions.developer.toSorted())
    expect([...grants.get('org_b')!].every((permission) => permission.endsWith(':read'))).toBe(true)
  })

  test('is reading in a suspended organization, which its owner may also export and close', () => {
    const reads = rolePermissions.auditor
    const grants = grantsOfPerson(
      [suspended, { ...suspended, organizationId: 'org_d', role: 'admin' }],
      nobody,
    )
    const own = [...reads, 'organization:export', 'organization:close']
    expect([...grants.get('org_s')!].toSorted()).toEqual(own.toSorted())
    expect([...grants.get('org_d')!].toSorted()).toEqual(reads.toSorted())
  })

  test('is reading and exporting a closed organization for its owners, and nothing for others', () => {
    const grants = grantsOfPerson([closed, { ...closed, organizationId: 'org_d', role: 'admin' }], nobody)
    const kept = [...rolePermissions.auditor, 'organization:export']
    expect([...grants.get('org_c')!].toSorted()).toEqual(kept.toSorted())
    expect(grants.has('org_d')).toBe(false)
  })

  test('is reading what the platform did for an operator, and changing nothing there', () => {
    const grants = grantsOfPerson([], new Set(['operator'] as const))
    const granted = [...grants.get(platformOrganizationId)!]
    expect(granted).toEqual(expect.arrayContaining(['organization:read', 'audit:read']))
    expect(granted.every((permission) => permission.endsWith(':read'))).toBe(true)
    expect(grantsOfPerson([], new Set(['reviewer'] as const)).size).toBe(0)
  })
})

describe('what a token may do', () => {
  test('is what both its scopes and its person’s role allow, where it reaches', () => {
    const token = { scopes: ['tools:call', 'members:write'] as const, organizationId: null }
    const memberships = [active, { ...suspended, role: 'owner' as const }]
    const grants = grantsOfApiToken(memberships, { ...token, scopes: [...token.scopes] })
    expect([...grants.get('org_a')!]).toEqual(['tools:call'])
    expect([...grants.get('org_s')!]).toEqual([])
    const bound = grantsOfApiToken(memberships, { scopes: ['tools:call'], organizationId: 'org_s' })
    expect([...bound.keys()]).toEqual(['org_s'])
  })

  test('of a workspace is its scopes, in its organization', () => {
    const token = { scopes: ['tools:call', 'deployments:read'] as const, organizationId: 'org_a' }
    const granted = (state: Membership['state']) =>
      grantsOfServiceToken({ ...token, scopes: [...token.scopes], state }).get('org_a')
    expect([...granted('active')!]).toEqual(['tools:call', 'deployments:read'])
    expect([...granted('suspended')!]).toEqual(['deployments:read'])
    expect(granted('closed')).toBeUndefined()
  })

  test('goes beyond its creator by the scopes that the creator lacks', () => {
    expect(beyond(['tools:call', 'members:write'], new Set(['tools:call']))).toEqual(['members:write'])
    expect(beyond([...permissions], new Set(permissions))).toEqual([])
  })
})

describe('the credential of a request', () => {
  const inHeaders = (headers: Record<string, string>) => credentialIn(headers, 'berth.session_token')

  test.each([
    ['Bearer berth_pat_x', { via: 'bearer', kind: 'token', secret: 'berth_pat_x' }],
    ['bearer  berth_svc_x', { via: 'bearer', kind: 'token', secret: 'berth_svc_x' }],
    ['Bearer abc.signature', { via: 'bearer', kind: 'session', secret: 'abc' }],
    ['Bearer', null],
    ['Bearer two words', null],
    ['Basic eDp5', null],
    ['', null],
  ])('in "%s" is %j', (authorization, credential) => {
    expect(inHeaders({ authorization })).toEqual(credential)
  })

  test('is the cookie of our name, and only without a bearer', () => {
    const cookie = 'other=1; berth.session_token=abc.sig%3D; berth.session_token2=x'
    const session = { via: 'cookie', kind: 'session', secret: 'abc' }
    expect(inHeaders({ cookie })).toEqual(session)
    expect(inHeaders({ cookie, authorization: 'Basic eDp5' })).toEqual(session)
    expect(inHeaders({ cookie, authorization: 'Bearer' })).toBeNull()
    expect(inHeaders({ cookie: 'xberth.session_token=abc' })).toBeNull()
    expect(credentialIn({ cookie }, '__Secure-berth.session_token')).toBeNull()
  })

  test('is the same with and without the signature that better-auth adds', () => {
    expect(credentialOf('abc')).toEqual(credentialOf('abc.def'))
  })
})
