import { accountEndpoints, platformOrganizationId } from '@berth/contracts'
import { implement, type RequestContext, type Route } from '../../platform/http/implement.ts'
import type { Tx } from '../../platform/mutate.ts'
import { drainOutbox } from '../people/outbox.ts'
import { signedIn } from '../signed-in.ts'
import { changeName, readAccount } from './account.ts'
import type { AccountContext } from './context.ts'
import { prepareConfirmation, prepareEmailChange, sendConfirmation } from './email.ts'
import { eraseAccount } from './erase.ts'
import { wrongField } from './fields.ts'
import { mayMail, preparePasswordChange, prepareReset, sendResetLink } from './password.ts'
import { checkPassword, demandSamePassword, type Person } from './passwords.ts'
import { replaceRecoveryCodes } from './recovery-codes.ts'
import {
  confirm,
  enrol,
  refusalOfCode,
  removeFactor,
  secondFactorOf,
  takeCode,
  type Guarded,
} from './second-factor.ts'
import { guessing, mailing } from './tries.ts'

export function accountRoutes(account: AccountContext): Route[] {
  const { platform, tries, notifications, aside } = account
  const { keys, clock, feed, db } = platform

  const demandPassword = async (userId: string, password: string) => {
    await tries.demand(`password:${userId}`, guessing)
    return checkPassword(db, { userId, password, field: 'password' })
  }

  /** Does the work once password and code are right; a wrong code is counted, and nothing else happens. */
  async function withBoth<T>(
    context: RequestContext,
    given: { password: string; code: string },
    work: (tx: Tx, person: Person) => Promise<T>,
  ): Promise<T> {
    const { id } = signedIn(context.principal)
    const hash = await demandPassword(id, given.password)
    return settled(
      await context.mutate<Guarded<T>>(async (tx) => {
        const person = await demandSamePassword(tx, id, hash)
        const checked = await takeCode(tx, keys, id, given.code)
        return checked === 'right' ? { value: await work(tx, person) } : { refused: checked }
      }),
    )
  }

  function settled<T>(outcome: Guarded<T>): T {
    if ('value' in outcome) return outcome.value
    throw refusalOfCode(outcome.refused, clock.now())
  }

  return implement(accountEndpoints, {
    get: (context) => readAccount(account, signedIn(context.principal).id),
    changeName: async (context, { body }) => {
      const { id } = signedIn(context.principal)
      await context.mutate((tx) => changeName(tx, id, body.name))
      return readAccount(account, id)
    },
    changeEmail: async (context, { body }) => {
      const { id } = signedIn(context.principal)
      const change = await prepareEmailChange(account, id, body)
      await context.mutate(change)
      return readAccount(account, id)
    },
    confirmEmail: async (context, { body }) => {
      const confirmed = await context.mutate(
        await prepareConfirmation(account, { ...body, address: context.address }),
      )
      await feed.catchUp()
      return confirmed
    },
    resendConfirmation: async (context, { body }) => {
      const email = body.email.toLowerCase()
      await tries.demand(`resend:${context.address}`, guessing)
      // Counted for any address, so that the limit tells nothing either.
      await tries.demand(`confirm-mail:${email}`, mailing)
      if (notifications.sendsMail) aside(() => context.mutate((tx) => sendConfirmation(tx, account, email)))
      return { sendsMail: notifications.sendsMail }
    },
    changePassword: async (context, { body }) => {
      const change = await preparePasswordChange(account, signedIn(context.principal), body)
      await context.mutate(change)
      await feed.catchUp()
    },
    forgotPassword: async (context, { body }) => {
      const email = body.email.toLowerCase()
      await tries.demand(`forgot:${context.address}`, guessing)
      aside(async () => {
        if (await mayMail(account, email)) await context.mutate((tx) => sendResetLink(tx, account, email))
      })
      return { sendsMail: notifications.sendsMail }
    },
    resetPassword: async (context, { body }) => {
      const reset = await prepareReset(account, { ...body, address: context.address })
      await context.mutate(reset)
      await feed.catchUp()
    },
    enrolTotp: async (context, { body }) => {
      const { id } = signedIn(context.principal)
      const hash = await demandPassword(id, body.password)
      return context.mutate(async (tx) => enrol(tx, keys, await demandSamePassword(tx, id, hash)))
    },
    confirmTotp: async (context, { body }) => {
      const { id } = signedIn(context.principal)
      return { recoveryCodes: settled(await context.mutate((tx) => confirm(tx, keys, id, body.code))) }
    },
    renewRecoveryCodes: (context, { body }) =>
      withBoth(context, body, async (tx, person) => {
        tx.emit(platformOrganizationId, 'user.recovery_codes_renewed', { userId: person.id })
        return { recoveryCodes: await replaceRecoveryCodes(tx, person.id) }
      }),
    disableTotp: (context, { body }) =>
      withBoth(context, body, async (tx, { id, email: to, name }) => {
        await removeFactor(tx, id)
        await notifications.sendMail(tx, { to, kind: 'second-factor-removed', data: { name } })
      }),
    delete: async (context, { body }) => {
      const { id } = signedIn(context.principal)
      // What happened last may still wait for its place in the log; nothing of the person may come after this.
      await drainOutbox(platform)
      const erase = (tx: Tx, person: Person) => eraseAccount(tx, account, person)
      const { enabledAt } = await secondFactorOf(db, id)
      if (enabledAt) {
        if (body.code === undefined)
          throw wrongField('code', 'your account has a second factor; type a code of it')
        await withBoth(context, { password: body.password, code: body.code }, erase)
      } else {
        const hash = await demandPassword(id, body.password)
        await context.mutate(async (tx) => erase(tx, await demandSamePassword(tx, id, hash)))
      }
      await feed.catchUp()
    },
  })
}
