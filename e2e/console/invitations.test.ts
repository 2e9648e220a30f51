import { api } from '@berth/contracts'
import { subscribeTo } from '@berth/server/billing/test-kit.ts'
import { signUp } from '@berth/server/platform/testing/index.ts'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  expectAccessible,
  expectGoodEverywhere,
  type Home,
  openStage,
  settle,
  type Stage,
  visit,
} from './support.ts'

let stage: Stage
let home: Home
beforeAll(async () => {
  // So many that only what is counted apart is refused.
  stage = await openStage({ requestsPerMinute: 100_000 })
  home = await settle(stage.server, 'Harbour')
})
afterAll(() => stage?.close())

let made = 0
const fresh = () => `guest${++made}@example.org`

async function invite(email: string, { person, organizationId }: Home = home) {
  const params = { organizationId }
  const body = { email, role: 'auditor' as const }
  const { id, link } = await person.client.call(api.invitations.create, { params, body })
  return { invitationId: id, path: new URL(link!).pathname }
}

const join = (page: Page, name = 'Harbour') => page.getByRole('button', { name: `Join ${name}` })

test('an owner invites, sees what became of it, sends a new link and revokes', async () => {
  const seats = [{ key: 'seats', limit: 5 }] as const
  await subscribeTo(stage.server.berth.platform.db, home.organizationId, [...seats])
  const { page, context, complaints } = await visit(stage, { person: home.person })
  await page.goto('/console/members')
  await page.getByRole('button', { name: 'Invite', exact: true }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Invite', exact: true }).click()
  await dialog.getByText('Whose e-mail address?').waitFor()
  const email = fresh()
  await dialog.getByLabel('E-mail').fill(email)
  await dialog.getByRole('button', { name: 'Invite', exact: true }).click()
  await dialog.getByText(/\/onboarding\/invite\/[\w-]{43}/).waitFor()
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'I have copied it' }).click()
  await dialog.waitFor({ state: 'detached' })
  const row = page.getByRole('row').filter({ hasText: email })
  await row.getByText('pending').waitFor()
  await page.getByText('2 of 5 seats are taken').waitFor()
  await expectGoodEverywhere(page, 'members-invited')
  await row.getByRole('button', { name: `Send ${email} a new link` }).click()
  await dialog.getByText(/\/onboarding\/invite\/[\w-]{43}/).waitFor()
  await dialog.getByRole('button', { name: 'I have copied it' }).click()
  await row.getByRole('button', { name: `Revoke the invitation of ${email}` }).click()
  await dialog.getByRole('button', { name: 'Revoke', exact: true }).click()
  await row.getByText('revoked').first().waitFor()
  await page.getByText('1 of 5 seats is taken').waitFor()
  expect(complaints).toEqual([])
  await context.close()
})

test('who is invited makes an account and joins; no address keeps the secret', async () => {
  const email = fresh()
  const { path } = await invite(email)
  const { page, context, complaints } = await visit(stage)
  await page.goto(path)
  await page.getByRole('heading', { name: 'Join Harbour' }).waitFor()
  expect(new URL(page.url()).pathname).toBe('/onboarding/invite')
  await expectGoodEverywhere(page, 'invite-stranger')
  await page.getByRole('link', { name: 'Create an account' }).click()
  await page.getByLabel('Your name').fill('Kim Guest')
  await page.getByLabel('E-mail').fill(email.toUpperCase())
  await page.getByLabel('Password').fill('correct horse battery')
  await page.getByRole('button', { name: 'Create account' }).click()
  await join(page).waitFor()
  await expectGoodEverywhere(page, 'invite-join')
  await join(page).click()
  await page.waitForURL('**/console/lifecycle?org=harbour')
  await page.goto('/onboarding/invite')
  await page.getByText('This link is incomplete').waitFor()
  await expectAccessible(page)
  expect(complaints).toEqual([])
  await context.close()
})

test('an invitation is declined without an account, and its link is then good for nothing', async () => {
  const { path } = await invite(fresh())
  const { page, context } = await visit(stage, { width: 390 })
  await page.goto(path)
  await page.getByRole('button', { name: 'Decline' }).click()
  await page.getByRole('heading', { name: 'Declined' }).waitFor()
  await expectAccessible(page)
  await page.goto(path)
  await page.getByText('This invitation is not good').waitFor()
  await expectAccessible(page)
  await context.close()
})

describe('joining that fails says why', () => {
  /** Somebody with an account and an invitation, who looks at it. */
  async function looking(at: Home = home, name = 'Harbour') {
    const person = await signUp(stage.server, { email: fresh() })
    const invitation = await invite(person.email, at)
    const visited = await visit(stage, { person })
    await visited.page.goto(invitation.path)
    await join(visited.page, name).waitFor()
    return { ...visited, ...invitation, person }
  }

  const expectSaid = (page: Page, sentence: string) => page.getByRole('alert').getByText(sentence).waitFor()

  test('to another account, which can leave', async () => {
    const { path } = await invite(fresh())
    const { page, context } = await visit(stage, { person: home.person })
    await page.goto(path)
    await page.getByText(`You are signed in as ${home.person.email}.`).waitFor()
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('link', { name: 'Create an account' }).waitFor()
    await context.close()
  })

  test('when it was revoked meanwhile', async () => {
    const { page, context, invitationId } = await looking()
    const params = { organizationId: home.organizationId, invitationId }
    await home.person.client.call(api.invitations.revoke, { params })
    await join(page).click()
    await expectSaid(page, 'This invitation was taken back.')
    await expectAccessible(page)
    await context.close()
  })

  test('when it expired meanwhile, or they became a member otherwise', async () => {
    const { page, context, invitationId, person } = await looking()
    const { db } = stage.server.berth.platform
    const over = new Date(Date.now() - 1000)
    await db.updateTable('invitations').set({ expiresAt: over }).where('id', '=', invitationId).execute()
    await join(page).click()
    await expectSaid(page, 'This invitation has expired.')
    const params = { organizationId: home.organizationId }
    const body = { email: person.email, role: 'auditor' as const }
    const { id: memberId } = await home.person.client.call(api.organizations.addMember, { params, body })
    await page.getByRole('button', { name: 'Try again' }).click()
    await expectSaid(page, 'You are a member of Harbour already.')
    await home.person.client.call(api.organizations.removeMember, { params: { ...params, memberId } })
    await context.close()
  })

  test('when no seat is left, and works once there is one', async () => {
    const small = await settle(stage.server, 'Dinghy')
    const { page, context } = await looking(small, 'Dinghy')
    const { db } = stage.server.berth.platform
    await subscribeTo(db, small.organizationId, [{ key: 'seats', limit: 1 }])
    await join(page, 'Dinghy').click()
    await expectSaid(page, 'The plan allows 1 person, and all are taken (1).')
    await subscribeTo(db, small.organizationId, [{ key: 'seats', limit: 2 }])
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.waitForURL('**/console/lifecycle?org=dinghy')
    await context.close()
  })

  test('of two who take the last seat at once one is in, and the other is told what is left to do', async () => {
    const narrow = await settle(stage.server, 'Skiff')
    const { db } = stage.server.berth.platform
    const seats = (limit: number) => subscribeTo(db, narrow.organizationId, [{ key: 'seats', limit }])
    await seats(3)
    const two = [await looking(narrow, 'Skiff'), await looking(narrow, 'Skiff')]
    await seats(2)
    await Promise.all(two.map(({ page }) => join(page, 'Skiff').click()))
    const ends = await Promise.all(
      two.map(async ({ page }) => {
        await page.getByRole('heading', { name: 'Lifecycle' }).or(page.getByRole('alert')).first().waitFor()
        return page.getByRole('alert').count()
      }),
    )
    expect(ends.toSorted((a, b) => a - b)).toEqual([0, 1])
    const late = two[ends.indexOf(1)]!
    await expectSaid(late.page, 'The plan allows 2 people, and all are taken (2).')
    await late.page.getByText('Ask whoever invited you for room').waitFor()
    await expectAccessible(late.page)
    await seats(3)
    await late.page.getByRole('button', { name: 'Try again' }).click()
    await late.page.waitForURL('**/console/lifecycle?org=skiff')
    for (const { context } of two) await context.close()
  })

  test('when the organization is closed', async () => {
    const closing = await settle(stage.server, 'Wreck')
    const { page, context } = await looking(closing, 'Wreck')
    const params = { organizationId: closing.organizationId }
    await closing.person.client.call(api.departure.close, { params, body: { confirm: 'wreck' } })
    await join(page, 'Wreck').click()
    await expectSaid(page, 'Nobody can join now. The organization is closed')
    await context.close()
  })

  test('when Berth is away, and works once it is back', async () => {
    const { page, context } = await looking()
    await context.route('**/api/**', (route) => route.abort())
    await join(page).click()
    await expectSaid(page, 'does not answer')
    await context.unroute('**/api/**')
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.waitForURL('**/console/lifecycle?org=harbour')
    await context.close()
  })

  test('when there were too many tries from here', async () => {
    const { path } = await invite(fresh())
    const stranger = stage.server.client()
    const ask = () => stranger.call(api.invitations.preview, { params: { token: 'B'.repeat(43) } })
    for (let tries = 0; tries < 60; tries++) await ask().catch(() => null)
    const { page, context } = await visit(stage)
    await page.goto(path)
    await expectSaid(page, 'Too many tries; wait a minute')
    await page.getByRole('button', { name: 'Try again' }).waitFor()
    await context.close()
  })
})
