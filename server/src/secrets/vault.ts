import { randomBytes } from 'node:crypto'
import { open, seal, type MasterKey } from '../platform/crypto.ts'
import type { SealedColumn } from '../platform/secret-key.ts'

const keyContext = (organizationId: string) => `data-key|${organizationId}`
const secretContext = (organizationId: string, workspaceId: string, name: string) =>
  `secret|${organizationId}|${workspaceId}|${name}`

/** A new data key of an organization, sealed with the installation's key. Without it no secret can be read. */
export function newDataKey(keys: MasterKey, organizationId: string): Buffer {
  return seal(keys.derive('data-keys'), randomBytes(32), keyContext(organizationId))
}

/** Seals and opens the secrets of one organization. Throws when the installation's key is not the one it was made with. */
export function vaultOf(keys: MasterKey, organizationId: string, sealedDataKey: Buffer) {
  const dataKey = open(keys.derive('data-keys'), sealedDataKey, keyContext(organizationId))
  return {
    seal: (workspaceId: string, name: string, value: string): Buffer =>
      seal(dataKey, Buffer.from(value), secretContext(organizationId, workspaceId, name)),
    open: (workspaceId: string, name: string, sealed: Buffer): string =>
      open(dataKey, sealed, secretContext(organizationId, workspaceId, name)).toString(),
  }
}

/** Only the data keys are sealed with the installation's key; without them the secrets keep their names alone. */
export const dataKeysSealed: SealedColumn = {
  table: 'data_keys',
  column: 'sealed',
  id: ['organization_id'],
  what: 'the secrets of organizations',
  reseal: ({ organization_id }, sealed, from, to) => {
    const context = keyContext(String(organization_id))
    return seal(to.derive('data-keys'), open(from.derive('data-keys'), sealed, context), context)
  },
  forget: 'with gone as (delete from data_keys) update secrets set sealed = null where sealed is not null',
}
