import type { Notifications } from '../../notifications/service.ts'
import type { Tx } from '../../platform/mutate.ts'
import type { DemandSeat } from '../members.ts'

export interface Pace {
  max: number
  seconds: number
}

/** What invitations stand on; limits and paces are other domains'. */
export interface InvitationContext {
  notifications: Notifications
  publicUrl: () => string
  /** Refuses one more than the plan allows, with those who are invited counted. */
  demandSeat: DemandSeat
  /** The same for somebody whose seat is kept already: refuses only where members alone take all. */
  demandKeptSeat: DemandSeat
  /** Marks a person's address as theirs: the link was mailed there. */
  verifyEmail: (tx: Tx, person: { id: string; emailVerified: boolean }) => Promise<void>
  /** Refuses with `rate_limited` when there was too much under a name lately. */
  demandPace: (name: string, pace: Pace) => Promise<void>
}
