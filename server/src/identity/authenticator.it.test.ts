import { afterAll, beforeAll, expect, test } from 'vitest'
import { sha256 } from '../platform/crypto.ts'
import { newId } from '../platform/ids.ts'
import {
  openTestPlatform,
  seedDeployment,
  type Seeded,
  type TestPlatform,
} from '../platform/testing/index.ts'
import { createAuthenticator, type IdentityAuthenticator } from './authenticator.ts'
import { revokeToken } from './tokens/tokens.ts'

let platform: TestPlatform
let second: TestPlatform
let place: Seeded
let here: IdentityAuthenticator
let there: IdentityAuthenticator

beforeAll(async () => {
  platform = await openTestPlatform()
  second = await openTestPlatform({ beside: platform })
  place = await seedDeployment(platform.db)
  here = createAuthenticator(platform, () => 'berth.session_token')
  there = createAuthenticator(second, () => 'berth.session_token')
})
afterAll(async () => {
  await here.close()
  await there.close()
  await second.close()
  await platform.close()
})

async function insertToken(): Promise<{ id: string; secret: string }> {
  const id = newId('serviceToken')
  const secret = `berth_svc_${id}`
  const { organizationId, workspaceId } = place
  await platform.db
    .insertInto('tokens')
    .values({
      id,
      kind: 'service',
      name: 'x',
      hash: sha256(secret),
      hint: 'xxxx',
      scopes: ['tools:call'],
      organizationId,
      workspaceId,
      createdBy: 'test',
      createdAt: new Date(),
    })
    .execute()
  return { id, secret }
}

const revoke = (id: string) => platform.change((tx) => revokeToken(tx, { kind: 'service', ...place }, id))

/** Takes the token away without a word in the log: only a look at the database would tell. */
const vanish = (id: string) =>
  platform.db.updateTable('tokens').set({ state: 'revoked' }).where('id', '=', id).execute()

test('the hot path answers from memory', async () => {
  const { id, secret } = await insertToken()
  const principal = await here.authenticateBearer(secret)
  expect(principal).toMatchObject({ kind: 'service', id, tokenId: id, workspaceId: place.workspaceId })
  await vanish(id)
  expect(await here.authenticateBearer(secret)).toBe(principal)
  expect(await here.authenticate({ authorization: `Bearer ${secret}` })).toBeNull()
})

test('what is revoked leaves the memory of every process', async () => {
  const { id, secret } = await insertToken()
  await here.authenticateBearer(secret)
  await there.authenticateBearer(secret)
  await revoke(id)
  await platform.feed.catchUp()
  expect(await here.authenticateBearer(secret)).toBeNull()
  await expect.poll(() => there.authenticateBearer(secret), { interval: 5, timeout: 2000 }).toBeNull()
})

test('a look-up that a revocation overtakes is not kept', async () => {
  const { id, secret } = await insertToken()
  const found = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  // The real database, whose answer arrives late.
  const db = platform.db.withPlugin({
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      found.resolve()
      await release.promise
      return result
    },
  })
  const slow = createAuthenticator({ ...platform, db }, () => 'berth.session_token')
  try {
    const lookUp = slow.authenticateBearer(secret)
    await found.promise
    await revoke(id)
    await platform.feed.catchUp()
    release.resolve()
    await lookUp
    expect(await slow.authenticateBearer(secret)).toBeNull()
  } finally {
    await slow.close()
  }
})

test('a process that does not see the log asks the database', async () => {
  const { id, secret } = await insertToken()
  let fresh = true
  const feed = { ...platform.feed, isFresh: () => fresh }
  const blind = createAuthenticator({ ...platform, feed }, () => 'berth.session_token')
  try {
    await blind.authenticateBearer(secret)
    await vanish(id)
    expect(await blind.authenticateBearer(secret)).not.toBeNull()
    fresh = false
    expect(await blind.authenticateBearer(secret)).toBeNull()
  } finally {
    await blind.close()
  }
})

test('a token whose time is over is refused from memory, too', async () => {
  const { id, secret } = await insertToken()
  const expiresAt = new Date(Date.now() + 400)
  await platform.db.updateTable('tokens').set({ expiresAt }).where('id', '=', id).execute()
  expect(await here.authenticateBearer(secret)).not.toBeNull()
  await new Promise((resolve) => setTimeout(resolve, 450))
  expect(await here.authenticateBearer(secret)).toBeNull()
})

test('nonsense is nobody', async () => {
  for (const token of ['', 'x', 'berth_pat_', 'berth_svc_x', '.', '\u0000', 'é'.repeat(500)]) {
    expect(await here.authenticateBearer(token).catch(() => null)).toBeNull()
  }
})
