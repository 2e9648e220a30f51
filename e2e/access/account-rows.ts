import { api } from '@berth/contracts'
import { signUp, type TestPerson } from '@berth/server/platform/testing/index.ts'
import { eventually } from '../support/eventually.ts'
import { codeOf } from '../support/totp.ts'
import type { Given, Row } from './rows.ts'
import type { World } from './world.ts'

let made = 0
const freshAddress = (what: string) => `${what}${++made}@example.com`

type Make = (person: TestPerson, world: World) => Given | Promise<Given>

/** Whoever changes their account is somebody made for it: the world's people go on needing theirs. */
const ofSomebody = (make: Make): Row => ({
  needs: 'person',
  signIn: true,
  request: async (world) => {
    const as = await signUp(world.server)
    return { ...(await make(as, world)), as }
  },
})

async function enrolled({ client, password }: TestPerson): Promise<string> {
  return (await client.call(api.account.enrolTotp, { body: { password } })).secret
}

/** Turns the second factor on with the present code; the next one is good already. */
async function withTotp(person: TestPerson): Promise<string> {
  const secret = await enrolled(person)
  await person.client.call(api.account.confirmTotp, { body: { code: codeOf(secret) } })
  return secret
}

async function bothOf(person: TestPerson): Promise<Given> {
  return { body: { password: person.password, code: codeOf(await withTotp(person), 1) } }
}

async function onFreshUser(world: World): Promise<Given> {
  return { params: { userId: (await signUp(world.server)).userId } }
}

async function resetLink(world: World): Promise<Given> {
  const { params } = await onFreshUser(world)
  const { url } = await world.operator.client.call(api.users.createResetLink, {
    params: { userId: params!['userId']! },
  })
  return { body: { token: url.split('#token=')[1], newPassword: 'another fine password' } }
}

async function confirmation({ server, mailbox }: World): Promise<Given> {
  const { client, password } = await signUp(server)
  const email = freshAddress('confirmed')
  await client.call(api.account.changeEmail, { body: { email, password } })
  const token = await eventually(`mail to ${email}`, async () => mailbox.tokenFor(email))
  return { body: { token, password } }
}

/** A message that the mail server refused for good. */
async function failedMail({ server, operator }: World): Promise<Given> {
  const { email } = await signUp(server, { email: freshAddress('refused') })
  await server.client().call(api.account.forgotPassword, { body: { email } })
  const mailId = await eventually(`the message to ${email} failed`, async () => {
    const { items } = await operator.client.call(api.notifications.outbox, { query: { state: 'failed' } })
    return items.find((mail) => mail.recipient === email)?.id
  })
  return { params: { mailId } }
}

async function onNewReviewer(world: World): Promise<Given> {
  const given = await onFreshUser(world)
  const params = { userId: given.params!['userId']!, role: 'reviewer' as const }
  await world.operator.client.call(api.users.grantRole, { params })
  return { params }
}

/** Accounts, people as operators see them, and the outbox. */
export const accountRows: Record<string, Row> = {
  'account.get': ofSomebody(() => ({})),
  'account.change-name': ofSomebody(() => ({ body: { name: 'Another Name' } })),
  'account.change-email': ofSomebody(({ password }) => ({
    body: { email: freshAddress('changed'), password },
  })),
  'account.confirm-email': { needs: 'nothing', request: confirmation },
  'account.resend-confirmation': {
    needs: 'nothing',
    request: () => ({ body: { email: freshAddress('waiting') } }),
  },
  'account.change-password': ofSomebody(({ password }) => ({
    body: { currentPassword: password, newPassword: 'another fine password' },
  })),
  'account.forgot-password': {
    needs: 'nothing',
    request: () => ({ body: { email: freshAddress('nobody') } }),
  },
  'account.reset-password': { needs: 'nothing', request: resetLink },
  'account.enrol-totp': ofSomebody(({ password }) => ({ body: { password } })),
  'account.confirm-totp': ofSomebody(async (person) => ({ body: { code: codeOf(await enrolled(person)) } })),
  'account.renew-recovery-codes': ofSomebody(bothOf),
  'account.disable-totp': ofSomebody(bothOf),
  'account.delete': ofSomebody(({ password }) => ({ body: { password } })),
  'identity.end-other-sessions': ofSomebody(() => ({})),

  'onboarding.get': { needs: 'person', signIn: true },
  'onboarding.skip': {
    needs: 'organization:write',
    request: ({ organizationId }) => ({ params: { organizationId }, body: { step: 'invite' } }),
  },

  'users.list': { needs: 'operator' },
  'users.get': { needs: 'operator', request: onFreshUser },
  'users.disable': { needs: 'operator', request: onFreshUser },
  'users.enable': {
    needs: 'operator',
    request: async (world) => {
      const given = await onFreshUser(world)
      const params = { userId: given.params!['userId']! }
      await world.operator.client.call(api.users.disable, { params })
      return given
    },
  },
  'users.create-reset-link': { needs: 'operator', request: onFreshUser },
  'users.remove-totp': {
    needs: 'operator',
    request: async (world) => {
      const person = await signUp(world.server)
      await withTotp(person)
      return { params: { userId: person.userId } }
    },
  },
  'users.grant-role': {
    needs: 'operator',
    request: async (world) => ({ params: { ...(await onFreshUser(world)).params, role: 'reviewer' } }),
  },
  'users.revoke-role': { needs: 'operator', request: onNewReviewer },

  'notifications.outbox': { needs: 'operator' },
  'notifications.resend': { needs: 'operator', request: failedMail },
}
