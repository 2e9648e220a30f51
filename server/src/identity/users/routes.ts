import { userEndpoints } from '@berth/contracts'
import { implement, type RequestContext, type Route } from '../../platform/http/implement.ts'
import type { Tx } from '../../platform/mutate.ts'
import type { AccountContext } from '../account/context.ts'
import { createResetLink } from '../account/password.ts'
import { pageOfUsers, readUser } from './store.ts'
import { disableUser, enableUser, grantRole, lockActive, removeTotp, revokeRole } from './users.ts'

export function userRoutes(account: AccountContext): Route[] {
  const { clock, feed } = account.platform

  /** Changes a person and shows them as they are then; what ended, ended in this process before the answer. */
  async function change(context: RequestContext, userId: string, work: (tx: Tx) => Promise<void>) {
    const person = await context.mutate(async (tx) => {
      await work(tx)
      return readUser(tx.db, tx.now, userId)
    })
    await feed.catchUp()
    return person
  }

  return implement(userEndpoints, {
    list: (context, { query }) => pageOfUsers(context.db, clock.now(), query),
    get: (context, { params }) => readUser(context.db, clock.now(), params.userId),
    disable: (context, { params }) => change(context, params.userId, (tx) => disableUser(tx, params.userId)),
    enable: (context, { params }) => change(context, params.userId, (tx) => enableUser(tx, params.userId)),
    createResetLink: async (context, { params }) => {
      const { url, expiresAt } = await context.mutate(async (tx) => {
        await lockActive(tx, params.userId)
        return createResetLink(tx, account, params.userId)
      })
      return { url, expiresAt: expiresAt.toISOString() }
    },
    removeTotp: (context, { params }) =>
      change(context, params.userId, async (tx) => {
        const { name, email } = await removeTotp(tx, params.userId)
        await account.notifications.sendMail(tx, { to: email, kind: 'second-factor-removed', data: { name } })
      }),
    grantRole: (context, { params }) =>
      change(context, params.userId, (tx) => grantRole(tx, params.userId, params.role)),
    revokeRole: (context, { params }) =>
      change(context, params.userId, (tx) => revokeRole(tx, params.userId, params.role)),
  })
}
