/** May a deployment be called now? In memory, fed by the log; what cannot be known is refused. */
import { haltedSentence } from '@berth/contracts'
import type { Platform } from '../platform/platform.ts'
import type { Refusal } from '../relay/service.ts'
import type { DeploymentRow, Homes, StopReason } from '../runtime/service.ts'
import type { Directory } from './directory.ts'
import { refusedCode, stale, unread } from './refusals.ts'

const sweepMs = 250

export interface Admission {
  /** What stands against calls of a deployment now; null: nothing. */
  admit(deploymentId: string): Refusal | null
  /** It stopped serving here, before its row or its events say so. */
  stopped(deploymentId: string, why: StopReason): void
  /** It serves here again. */
  serving(deploymentId: string): void
  /** Calls `refuse` when the log goes out of sight before the returned function is called. */
  whileFresh(refuse: () => void): () => void
  close(): void
}

export function createAdmission(platform: Platform, directory: Directory, homes: Homes): Admission {
  const { feed } = platform
  const ended = new Map<string, StopReason>()
  const waiting = new Set<() => void>()
  const sweeper = setInterval(() => {
    if (waiting.size === 0 || feed.isFresh()) return
    const refused = [...waiting]
    waiting.clear()
    for (const refuse of refused) refuse()
  }, sweepMs)
  // The log is in order where the reconciler's calls and late events are not.
  const unsubscribe = feed.subscribe((events) => {
    for (const { type, payload } of events) {
      if (type === 'deployment.changed' && becameRunning(payload))
        ended.delete(payload['deploymentId'] as string)
    }
  })

  return {
    admit: (deploymentId) => {
      if (!feed.isFresh()) return stale
      const row = directory.known(deploymentId)
      if (!row) return unread
      const refusal = refusalFor(row)
      if (refusal || ended.size === 0) return refusal
      const why = homes.isHere(row) ? ended.get(deploymentId) : undefined
      return why ? refusalOf(why) : null
    },
    stopped: (deploymentId, why) => void ended.set(deploymentId, why),
    serving: (deploymentId) => void ended.delete(deploymentId),
    whileFresh: (refuse) => {
      waiting.add(refuse)
      return () => void waiting.delete(refuse)
    },
    close: () => {
      clearInterval(sweeper)
      unsubscribe()
    },
  }
}

function becameRunning(payload: Record<string, unknown>): boolean {
  const { changes } = payload as { changes: { field: string; current: unknown }[] }
  return changes.some(({ field, current }) => field === 'phase' && current === 'running')
}

/** A refusal in the words of whoever stopped it. */
export function refusalOf({ sentence, decisionId, notes }: StopReason): Refusal {
  return {
    code: refusedCode,
    message: sentence,
    data: { decisionId, notes },
    httpStatus: decisionId === null ? 503 : 403,
  }
}

/** Why a deployment cannot be called now; null when it can. */
export function refusalFor(row: DeploymentRow): Refusal | null {
  const data = { decisionId: row.decisionId, notes: row.holdNotes, pendingStatus: row.hold }
  if (row.organizationState !== 'active')
    return { code: refusedCode, message: haltedSentence[row.organizationState], data }
  if (row.desired === 'stopped') return { code: refusedCode, message: 'The deployment is stopped.', data }
  if (row.workspaceState !== 'active')
    return { code: refusedCode, message: `The workspace is ${row.workspaceState}.`, data }
  if (row.hold)
    return { code: refusedCode, message: row.reason ?? `The deployment is held (${row.hold}).`, data }
  if (row.phase === 'running') return null
  const message = row.reason ?? `The deployment is ${row.phase}; try again shortly.`
  return { code: refusedCode, message, data, httpStatus: 503 }
}
