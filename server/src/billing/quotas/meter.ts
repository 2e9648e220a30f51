/** What a process that relays calls knows of its callers' quota: a local count-down of what it holds in leases. */
import type { BillingQuotaOutcome, LogEvent } from '@berth/contracts'
import { systemActor, type Platform } from '../../platform/platform.ts'
import { rpcCodes, type Refusal } from '../../relay/service.ts'
import { createGroups } from './group.ts'
import { callsKey, returnLease, takeLease, type LeaseAnswer } from './leases.ts'

export interface CallMeter {
  /** One more call. Null: it may pass, and costs nothing to ask; a promise where a lease has to be taken first. */
  draw(organizationId: string): Promise<Refusal | null> | null
  /** A call that passed has ended, with its record kept. `billed`: it counts. */
  ended(organizationId: string, billed: boolean): void
  /** Gives everything back. */
  close(): Promise<void>
}

interface Lease {
  id: string
  quantity: number
  /** How many calls may still draw on it. */
  room: number
  /** Calls under way that drew on it. */
  open: number
  billed: number
  endsAt: number
}

interface Account {
  /** Nothing is drawn: the plan has no limit, or one that lets through. */
  free: boolean
  lease: Lease | null
  /** Leases on which nothing is drawn any more and whose calls are under way. */
  draining: Lease[]
  denial: Refusal | null
  /** Until when nobody asks again, `performance.now()`. */
  deniedUntil: number
  /** Draws since the last lease, to tell how many there will be. */
  drawn: number
  leasedAt: number
  /** Draws were made since the last sweep. */
  active: boolean
}

const deniedMs = 250
/** A lease is for as many calls as come in about this time. */
const leaseMs = 250
const sweepMs = 1000
const origin = { actor: systemActor('gateway'), requestId: null }

export function createCallMeter(platform: Platform, runnerId: string): CallMeter {
  const { feed, logger } = platform
  const accounts = new Map<string, Account>()
  const returning = new Set<Promise<void>>()
  const groups = createGroups<null, Refusal | null>(async (organizationId, requests) => {
    const account = accountOf(organizationId)
    // Who came while a lease was on its way may find room on it.
    if (account.free || takeRoom(account, requests.length)) return requests.map(() => null)
    retire(organizationId, account)
    const asked = performance.now()
    const request = {
      organizationId,
      runnerId,
      waiting: requests.length,
      expected: expectedOf(account, asked),
    }
    const heard = invalidations
    const answer = await platform.mutate(origin, (tx) => takeLease(tx, request))
    account.drawn = 0
    account.leasedAt = performance.now()
    return settleOn(account, answer, requests.length, heard === invalidations)
  })
  /** Raised when plans changed: what was read before may not be kept. */
  let invalidations = 0
  const unsubscribe = feed.subscribe((events) => events.forEach(hear))
  const sweeper = setInterval(sweep, sweepMs)

  function accountOf(organizationId: string): Account {
    let account = accounts.get(organizationId)
    if (!account) {
      account = {
        free: false,
        lease: null,
        draining: [],
        denial: null,
        deniedUntil: 0,
        drawn: 0,
        leasedAt: performance.now(),
        active: true,
      }
      accounts.set(organizationId, account)
    }
    return account
  }

  function settleOn(account: Account, answer: LeaseAnswer, waiting: number, fresh: boolean) {
    account.free = answer.kind === 'unlimited' && fresh
    account.denial = null
    if (answer.kind === 'unlimited') return Array.from({ length: waiting }, () => null)
    if (answer.kind === 'denied') {
      account.denial = denialOf(answer.outcome)
      account.deniedUntil = fresh ? performance.now() + deniedMs : 0
      return Array.from({ length: waiting }, () => account.denial)
    }
    const { id, quantity, endsAt, outcome } = answer
    const passing = Math.min(waiting, quantity)
    account.lease = { id, quantity, room: quantity - passing, open: passing, billed: 0, endsAt }
    account.drawn = passing
    // Fewer than those who wait are all that is left.
    return Array.from({ length: waiting }, (_, place) => (place < passing ? null : denialOf(outcome)))
  }

  /** Nothing more is drawn on the present lease; what is left goes back once its calls have ended. */
  function retire(organizationId: string, account: Account): void {
    const { lease } = account
    if (!lease) return
    account.lease = null
    if (lease.open > 0) account.draining.push(lease)
    else finish(organizationId, lease)
  }

  /** All its calls have ended. One that was used up needs no word: counting its calls settles it. */
  function finish(organizationId: string, lease: Lease): void {
    if (lease.billed === lease.quantity) return
    const work = platform
      .mutate(origin, (tx) => returnLease(tx, organizationId, lease.id, lease.billed))
      .catch((error: Error) =>
        logger.warn({ lease: lease.id, err: error.message }, 'a lease of quota could not be returned'),
      )
      .finally(() => returning.delete(work))
    returning.add(work)
  }

  function hear({ type, organizationId }: LogEvent): void {
    if (!type.startsWith('subscription.') && type !== 'clock.advanced') return
    invalidations++
    const account = accounts.get(organizationId)
    if (!account) return
    account.free = false
    account.denial = null
    retire(organizationId, account)
  }

  /** Who makes no calls needs no lease. */
  function sweep(): void {
    for (const [organizationId, account] of accounts) {
      if (account.active) account.active = false
      else retire(organizationId, account)
    }
  }

  return {
    draw: (organizationId) => {
      const account = accounts.get(organizationId)
      if (account) {
        account.active = true
        if (account.free) return null
        if (takeRoom(account, 1)) return null
        if (account.denial && account.deniedUntil > performance.now()) return Promise.resolve(account.denial)
      }
      return groups.submit(organizationId, null)
    },
    ended: (organizationId, billed) => {
      const account = accounts.get(organizationId)
      if (!account) return
      const { draining, lease: present } = account
      const lease = draining[0] ?? (present && present.open > 0 ? present : null)
      if (!lease) return
      lease.open--
      if (billed) lease.billed++
      if (lease === present) {
        if (!billed) lease.room++
      } else if (lease.open === 0) {
        draining.shift()
        finish(organizationId, lease)
      }
    },
    close: async () => {
      clearInterval(sweeper)
      unsubscribe()
      for (const [organizationId, account] of accounts) {
        retire(organizationId, account)
        for (const lease of account.draining) finish(organizationId, lease)
      }
      await Promise.all(returning)
    },
  }
}

/** Draws on the present lease, if it has room for so many. */
function takeRoom(account: Account, calls: number): boolean {
  const { lease } = account
  if (!lease || lease.room < calls || lease.endsAt <= Date.now()) return false
  lease.room -= calls
  lease.open += calls
  account.drawn += calls
  return true
}

function expectedOf({ drawn, leasedAt }: Account, now: number): number {
  return Math.ceil((drawn / Math.max(1, now - leasedAt)) * leaseMs)
}

/** Until the end of a window; of one that a test clock stands in nobody can tell. */
function secondsLeft(window: BillingQuotaOutcome['window']): number | undefined {
  if (!window || Date.parse(window.start) > Date.now() || Date.parse(window.end) <= Date.now())
    return undefined
  return Math.max(1, Math.ceil((Date.parse(window.end) - Date.now()) / 1000))
}

function denialOf({ notes: found, window, limit }: BillingQuotaOutcome): Refusal {
  const notes = found.length > 0 ? found : [`billing:quota-exceeded:${callsKey}`]
  const windowEnd = window?.end ?? null
  const when = windowEnd ? ` They count anew at ${windowEnd}.` : ''
  const message = notes.some((note) => note.startsWith('billing:quota-exceeded'))
    ? `The tool calls that the plan allows in this window are used up.${when} Wait for that, or change the plan.`
    : 'The plan of the organization allows no tool calls now. Look at its subscription.'
  const retryAfterSeconds = secondsLeft(window)
  return {
    code: rpcCodes.refused,
    message,
    data: { decisionId: null, notes, limit, windowEnd, retryAfterSeconds: retryAfterSeconds ?? null },
    retryAfterSeconds,
  }
}
