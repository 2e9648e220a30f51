import type { Notifications } from '../../notifications/service.ts'
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
  /** Refuses with `rate_limited` when there was too much under a name lately. */
  demandPace: (name: string, pace: Pace) => Promise<void>
}
