import type { Queryable } from '../../platform/db/database.ts'
import type { Tx } from '../../platform/mutate.ts'
import type { Platform } from '../../platform/platform.ts'
import type { Notifications } from '../../notifications/service.ts'
import type { Aside } from './aside.ts'
import type { Tries } from './tries.ts'

/** What an account is, of what other domains know. */
export interface Memberships {
  /** The organizations that would have no owner without this person. */
  soleOwnerOf(db: Queryable, userId: string): Promise<{ id: string; slug: string; name: string }[]>
  /** Takes a person out of every organization; refused while one would be left without an owner. */
  leaveAll(tx: Tx, userId: string): Promise<void>
}

/** What changes of accounts work with. */
export interface AccountContext {
  platform: Platform
  tries: Tries
  aside: Aside
  notifications: Notifications
  memberships: Memberships
  publicUrl: () => string
}
