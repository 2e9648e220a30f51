import type { LogEvent } from '@berth/contracts'

/** How the page stands to the server: in touch, trying again, or showing facts of a known age. Times in ms since 1970. */
export type LiveState =
  | { kind: 'connecting' }
  | { kind: 'live' }
  | { kind: 'reconnecting'; since: number }
  | { kind: 'stale'; since: number }
  | { kind: 'ended' }

/** What the holder of the stream tells every tab. */
export type FeedMessage =
  | { type: 'state'; state: LiveState }
  | { type: 'event'; event: LogEvent }
  /** The stream began anew: what happened before is not told, so take a snapshot. */
  | { type: 'fresh' }
  /** The sign-in ended, here or elsewhere. */
  | { type: 'ended' }

/** What a tab asks of the holder of the stream. */
export type TabMessage =
  /** `scope` names the person and their organizations; another one needs another stream. */
  { type: 'hello'; scope: string } | { type: 'bye' } | { type: 'retry' } | { type: 'signed-out' }
