import { sha256Hex } from '../platform/crypto.ts'
import { systemActor, type Platform } from '../platform/platform.ts'

interface OpenBatch {
  id: number
  organizationId: string
  runnerId: string
  count: number
  digest: Buffer
}

const origin = { actor: systemActor('metering'), requestId: null }

/**
 * Puts the digests of what was copied since the last time into the logs, one event an organization and runner: its
 * digest is SHA-256 over the batches' digests in the order of their numbers. Several processes may do this at once.
 */
export async function sealBatches(platform: Platform): Promise<void> {
  const most = 1000
  let sealed: number
  do {
    sealed = await platform.mutate(origin, async (tx) => {
      const open: OpenBatch[] = await tx.db
        .selectFrom('callBatches')
        .select(['id', 'organizationId', 'runnerId', 'count', 'digest'])
        .where('sealedIn', 'is', null)
        .orderBy('organizationId')
        .orderBy('id')
        .limit(most)
        .forUpdate()
        .skipLocked()
        .execute()
      const groups = Map.groupBy(open, (batch) => `${batch.organizationId} ${batch.runnerId}`)
      for (const batches of groups.values()) {
        const { organizationId, runnerId, id: first } = batches[0]!
        const name = `${runnerId}:${first}-${batches.at(-1)!.id}`
        const ids = batches.map((batch) => batch.id)
        await tx.db.updateTable('callBatches').set({ sealedIn: name }).where('id', 'in', ids).execute()
        tx.emit(organizationId, 'calls.recorded', {
          runnerId,
          batch: name,
          count: batches.reduce((sum, batch) => sum + batch.count, 0),
          digest: sha256Hex(Buffer.concat(batches.map((batch) => batch.digest))),
        })
      }
      return open.length
    })
  } while (sealed === most)
}
