import type { LogEvent } from '@berth/contracts'

/** What an event asks of the reconciler: one deployment, all of them, or nothing. Its own events do not wake it. */
export type Wake = { deploymentId: string; claim: boolean } | 'all' | null

/** Events that say something about one deployment; true: perhaps one without a home. */
const ofOne = new Map([
  ['deployment.created', true],
  ['deployment.started', true],
  ['deployment.restarted', true],
  ['deployment.deleted', true],
  ['deployment.stopped', false],
  ['deployment.updated', false],
  ['surface.drifted', false],
  ['surface.accepted', true],
])

/** Events that may touch many. */
const ofMany = new Set([
  'organization.suspended',
  'organization.resumed',
  'workspace.updated',
  'workspace.archived',
  'workspace.restored',
  'tier.updated',
  'release.state_changed',
  'subscription.started',
  'subscription.changed',
  'subscription.past_due',
  'subscription.suspended',
  'subscription.resumed',
  'subscription.canceled',
  'subscription.fell_back',
  'subscription.over_limit_allowed',
])

export function wakeOf(event: LogEvent): Wake {
  if (ofMany.has(event.type)) return 'all'
  const claim = ofOne.get(event.type)
  return claim === undefined ? null : { deploymentId: event.payload['deploymentId'] as string, claim }
}
