/** Inviting people and answering invitations. */
import type { Invitation } from '@berth/contracts'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { signUp, startTestServer, type TestServer } from '../../server/src/platform/testing/index.ts'
import { signedIn, type List, type Mcpctl } from './support.ts'

// Each step starts a process; a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 })

type WithLink = Invitation & { link: string }

let server: TestServer
let owner: Mcpctl
let guest: Mcpctl
const email = 'guest@example.com'

beforeAll(async () => {
  server = await startTestServer()
  owner = await signedIn(server.url, await signUp(server))
  guest = await signedIn(server.url, await signUp(server, { email }))
  await owner.json('orgs', 'create', 'Acme')
})

afterAll(async () => {
  await owner?.close()
  await guest?.close()
  await server?.close()
})

it('an invitation is sent again, declined, revoked and accepted', async () => {
  const first = await owner.json<WithLink>('orgs', 'invite', email, '--role', 'auditor', '--days', '3')
  expect(first).toMatchObject({ email, role: 'auditor', state: 'pending' })
  const again = await owner.json<WithLink>('orgs', 'invitations', 'resend', email)
  expect(again.id).toBe(first.id)
  expect((await guest.run(['orgs', 'decline', first.link, '--yes'])).code).toBe(1)
  await guest.json('orgs', 'decline', again.link, '--yes')

  expect((await owner.run(['orgs', 'invite', email])).stdout.trim()).toContain('/onboarding/invite/')
  expect(await owner.text('orgs', 'invitations', 'list', '--state', 'pending')).toContain(email)
  await owner.json('orgs', 'invitations', 'revoke', email, '--yes')
  const missing = await owner.run(['orgs', 'invitations', 'revoke', email, '--yes'])
  expect(missing.stderr).toContain(`No invitation waits for "${email}".`)

  const { link } = await owner.json<WithLink>('orgs', 'invite', email)
  expect(await guest.json('orgs', 'accept', link, '--yes')).toMatchObject({ slug: 'acme', role: 'developer' })
  const { items } = await owner.json<List<Invitation>>('orgs', 'invitations')
  expect(items.map((one) => one.state)).toEqual(['accepted', 'revoked', 'declined'])
  const nonsense = await guest.run(['orgs', 'accept', 'nonsense', '--yes'])
  expect(nonsense).toMatchObject({ code: 2, stderr: expect.stringContaining('no link of an invitation') })
})
