import { open, seal, sha256 } from '../crypto.ts'
import { canonical } from '../log/leaf.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../mutate.ts'
import { Refusal } from '../problem.ts'
import type { SealedColumn } from '../secret-key.ts'

export interface IdempotentRequest {
  principalId: string
  key: string
  hash: Buffer
}

/** Thrown inside a unit of work that was done before: its reply is given again. */
export class Replay extends Error {
  readonly reply: unknown
  constructor(reply: unknown) {
    super('already done')
    this.reply = reply
  }
}

export function idempotentRequest(
  principalId: string,
  key: string,
  request: { id: string; params: unknown; query: unknown; body: unknown },
): IdempotentRequest {
  if (!/^[\x21-\x7e]{1,200}$/.test(key)) {
    throw new Refusal('invalid_input', 'Idempotency-Key must be 1 to 200 visible ASCII characters.')
  }
  return { principalId, key, hash: sha256(canonical(JSON.parse(JSON.stringify(request)))) }
}

/**
 * Claims the key inside the unit of work: a second request with it waits for the first to commit, then throws
 * `Replay` with its reply, or refuses when it was another request.
 */
export async function claimKey(tx: Tx, sealingKey: Buffer, request: IdempotentRequest): Promise<void> {
  const { principalId, key, hash } = request
  const claimed = await tx.db
    .insertInto('idempotencyKeys')
    .values({ principalId, key, requestHash: hash, createdAt: tx.now })
    .onConflict((conflict) =>
      conflict
        .columns(['principalId', 'key'])
        .doUpdateSet({ requestHash: hash, response: null, createdAt: tx.now })
        .where('idempotencyKeys.createdAt', '<', keptSince(tx.now)),
    )
    .returning('key')
    .executeTakeFirst()
  if (claimed) return
  const row = await tx.db
    .selectFrom('idempotencyKeys')
    .selectAll()
    .where('principalId', '=', principalId)
    .where('key', '=', key)
    .executeTakeFirstOrThrow()
  if (!row.requestHash.equals(hash)) {
    throw new Refusal('idempotency_conflict', `The idempotency key "${key}" was used for another request.`)
  }
  throw new Replay(JSON.parse(open(sealingKey, row.response!, contextOf(request)).toString()))
}

/** Keeps the reply, sealed, in the same transaction as what it reports. */
export async function keepReply(
  tx: Tx,
  sealingKey: Buffer,
  request: IdempotentRequest,
  reply: unknown,
): Promise<void> {
  await tx.db
    .updateTable('idempotencyKeys')
    .set({ response: seal(sealingKey, Buffer.from(JSON.stringify(reply ?? null)), contextOf(request)) })
    .where('principalId', '=', request.principalId)
    .where('key', '=', request.key)
    .execute()
}

const contextOf = (request: Pick<IdempotentRequest, 'principalId' | 'key'>) =>
  `idempotency:${request.principalId}:${request.key}`

export const idempotencySealed: SealedColumn = {
  table: 'idempotency_keys',
  column: 'response',
  id: ['principal_id', 'key'],
  what: 'replies kept for requests that are sent again',
  reseal: ({ principal_id, key }, sealed, from, to) => {
    const context = contextOf({ principalId: String(principal_id), key: String(key) })
    return seal(to.derive('idempotency'), open(from.derive('idempotency'), sealed, context), context)
  },
  forget: 'delete from idempotency_keys where response is not null',
}

/** A key holds for a day. */
const keptSince = (now: Date) => new Date(now.getTime() - 24 * 3600_000)

/** Forgets keys older than a day. */
export async function sweepIdempotencyKeys(db: Database, now: Date): Promise<void> {
  await db.deleteFrom('idempotencyKeys').where('createdAt', '<', keptSince(now)).execute()
}
