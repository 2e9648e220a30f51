import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { newId } from '../platform/ids.ts'
import { admitted, changed, openPolicyKit, type PolicyKit } from './test-kit.ts'

let kit: PolicyKit

beforeAll(async () => {
  kit = await openPolicyKit()
})
afterAll(() => kit.close())
beforeEach(() => kit.use())

describe('a call that is checked in the database', () => {
  let userId: string
  let tokenId: string

  beforeEach(async () => {
    await kit.checkArtifact()
    await kit.show(admitted)
    await kit.set({ phase: 'running' })
    const { db } = kit.platform
    const now = kit.clock.now()
    userId = newId('user')
    tokenId = newId('apiToken')
    await db
      .insertInto('users')
      .values({ id: userId, name: 'P', email: `${userId}@example.com`, createdAt: now, updatedAt: now })
      .execute()
    await db
      .insertInto('members')
      .values({
        id: newId('member'),
        organizationId: kit.deployment.organizationId,
        userId,
        role: 'developer',
        joinedAt: now,
      })
      .execute()
    await db
      .insertInto('tokens')
      .values({
        id: tokenId,
        kind: 'api',
        name: 't',
        hash: Buffer.from(tokenId),
        hint: 't',
        userId,
        scopes: ['tools:call'],
        createdBy: userId,
        createdAt: now,
        expiresAt: new Date(now.getTime() + 60_000),
      })
      .execute()
  })

  const check = () => {
    const { organizationId, id: deploymentId } = kit.deployment
    return kit.policy.checkCall(
      kit.platform.db,
      { organizationId, deploymentId, credentialId: tokenId },
      kit.clock.now(),
    )
  }
  const setToken = (fields: {
    state?: string
    scopes?: string[]
    allowedDeployments?: string[]
    workspaceId?: string
  }) => kit.platform.db.updateTable('tokens').set(fields).where('id', '=', tokenId).execute()

  test('passes while all holds', async () => {
    expect(await check()).toMatchObject({
      allowed: true,
      notes: expect.arrayContaining(['trust:surface:admitted']),
    })
  })

  test.each([
    ['the token is revoked', () => setToken({ state: 'revoked' })],
    ['the token expires', async () => kit.clock.advance(60_001)],
    ['the token is for another deployment', () => setToken({ allowedDeployments: ['dep_other'] })],
    ['the token may not call tools', () => setToken({ scopes: ['deployments:read'] })],
    ['the person leaves', () => kit.platform.db.deleteFrom('members').where('userId', '=', userId).execute()],
    [
      'the person becomes an auditor',
      () =>
        kit.platform.db
          .updateTable('members')
          .set({ role: 'auditor' })
          .where('userId', '=', userId)
          .execute(),
    ],
    [
      'the account is disabled',
      () =>
        kit.platform.db.updateTable('users').set({ state: 'disabled' }).where('id', '=', userId).execute(),
    ],
    ['the deployment stops', () => kit.set({ phase: 'stopping' })],
    ['the release is blocked', () => kit.setRelease('blocked')],
    ['the deployment is quarantined', () => kit.set({ quarantined: true })],
    ['the surface drifts', () => kit.show(changed)],
    [
      'the workspace is archived',
      () =>
        kit.platform.db
          .updateTable('workspaces')
          .set({ state: 'archived' })
          .where('id', '=', kit.deployment.workspaceId)
          .execute(),
    ],
    [
      'the organization is suspended',
      () =>
        kit.platform.db
          .updateTable('organizations')
          .set({ state: 'suspended' })
          .where('id', '=', kit.deployment.organizationId)
          .execute(),
    ],
  ])('is refused with a sentence as soon as %s', async (_, happen) => {
    await happen()
    const verdict = await check()
    expect(verdict.allowed).toBe(false)
    expect(verdict.sentence).toMatch(/^[A-Z].*\.$/s)
  })
})
