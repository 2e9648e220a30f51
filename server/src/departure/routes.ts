import { departureEndpoints } from '@berth/contracts'
import { endSubscriptionsOf } from '../billing/service.ts'
import { revokeTokensOfOrganization } from '../identity/service.ts'
import {
  closeOrganization,
  readOrganization,
  revokeInvitationsOf,
  type OnClose,
} from '../organizations/service.ts'
import { FileReply, implement, type Route } from '../platform/http/implement.ts'
import type { Platform } from '../platform/platform.ts'
import { Refusal } from '../platform/problem.ts'
import { removeDeploymentsOf } from '../runtime/service.ts'
import { destroySecretsOf } from '../secrets/service.ts'
import { archiveOf } from './archive.ts'
import { previewClosing } from './preview.ts'

/** Archives made at once by this process: each holds a connection and a snapshot of the database. */
const most = 3

export function departureRoutes({ pool, clock, feed }: Platform): Route[] {
  let making = 0
  return implement(departureEndpoints, {
    export: async (context) => {
      if (making >= most) {
        throw new Refusal('unavailable', `${most} exports are being made right now; try again in a while.`)
      }
      making++
      try {
        const { organizationId, principal } = context
        const organization = await readOrganization(context.db, organizationId)
        const at = clock.now()
        const folder = `${organization.slug}-${dayIn(organization.timeZone, at)}`
        // First the event, then the moment that is exported: the archive tells of itself.
        await context.mutate(async (tx) => tx.emit(organizationId, 'organization.exported', {}))
        const body = archiveOf({
          connect: () => pool.connect(),
          organization,
          folder,
          exportedBy: principal.id,
          at,
          onEnd: () => void making--,
        })
        return new FileReply(`${folder}.tar.gz`, body)
      } catch (error) {
        making--
        throw error
      }
    },
    preview: (context) => previewClosing(context.db, context.organizationId),
    close: async (context, { body }) => {
      const closed = await context.mutate((tx) => closeOrganization(tx, context.organizationId, body, endAll))
      await feed.catchUp()
      return closed
    },
  })
}

const endAll: OnClose = async (tx, organizationId) => {
  await revokeTokensOfOrganization(tx, organizationId)
  await removeDeploymentsOf(tx, organizationId)
  await destroySecretsOf(tx, organizationId)
  await revokeInvitationsOf(tx, organizationId)
  await endSubscriptionsOf(tx, organizationId)
}

/** The day it is in a time zone, as YYYY-MM-DD. */
const dayIn = (timeZone: string, at: Date) => new Intl.DateTimeFormat('en-CA', { timeZone }).format(at)
