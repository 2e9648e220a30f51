import type { Secret } from '@berth/contracts'
import type { MasterKey } from '../platform/crypto.ts'
import type { Queryable } from '../platform/db/database.ts'
import { newId } from '../platform/ids.ts'
import type { Tx } from '../platform/mutate.ts'
import { notFound, Refusal } from '../platform/problem.ts'
import {
  deleteSecret,
  deleteSecrets,
  deploymentsUsing,
  findDataKey,
  holdNames,
  insertDataKey,
  listSecrets as namesIn,
  lockSecret,
  readSealed,
  workspaceExists,
  writeSecret,
} from './store.ts'
import { dataKeysSealed, newDataKey, vaultOf } from './vault.ts'

export const secretsSealed = [dataKeysSealed]

/** What secrets a workspace has, by name; never their values. Throws `not_found` for the workspace. */
export async function listSecrets(
  db: Queryable,
  organizationId: string,
  workspaceId: string,
): Promise<Secret[]> {
  await mustExist(db, organizationId, workspaceId)
  return namesIn(db, organizationId, workspaceId)
}

/** Sets a secret, anew or over the one there is. Throws `not_found` for the workspace. */
export async function setSecret(
  tx: Tx,
  keys: MasterKey,
  organizationId: string,
  workspaceId: string,
  { name, value }: { name: string; value: string },
): Promise<Secret> {
  await mustExist(tx.db, organizationId, workspaceId)
  const vault = openVault(keys, organizationId, await dataKeyOf(tx, keys, organizationId))
  const secret = await writeSecret(tx.db, {
    id: newId('secret'),
    organizationId,
    workspaceId,
    name,
    sealed: vault.seal(workspaceId, name, value),
    updatedAt: tx.now,
    updatedBy: tx.actor.id,
  })
  tx.emit(organizationId, 'secret.set', { workspaceId, secretId: secret.id, name, version: secret.version })
  return secret
}

/** Removes a secret. Throws `not_found`, or `invalid_state` while a deployment is given it. */
export async function removeSecret(
  tx: Tx,
  organizationId: string,
  workspaceId: string,
  name: string,
): Promise<void> {
  const secret = await lockSecret(tx.db, organizationId, workspaceId, name)
  if (!secret) throw notFound('secret')
  const users = await deploymentsUsing(tx.db, organizationId, workspaceId, name)
  if (users.length > 0) {
    throw new Refusal(
      'invalid_state',
      `The secret "${name}" is used by ${users.join(', ')}; give ${users.length === 1 ? 'it' : 'them'} another or delete ${users.length === 1 ? 'it' : 'them'} first.`,
    )
  }
  await deleteSecret(tx.db, organizationId, secret.id)
  tx.emit(organizationId, 'secret.removed', { workspaceId, secretId: secret.id, name })
}

/** Destroys all secrets of an organization that is closed, and the key they were sealed with. */
export async function destroySecretsOf(tx: Tx, organizationId: string): Promise<void> {
  for (const secret of await deleteSecrets(tx.db, organizationId)) {
    const { workspaceId, id: secretId, name } = secret
    tx.emit(organizationId, 'secret.removed', { workspaceId, secretId, name })
  }
}

/**
 * For whoever is about to give secrets to a deployment: all of them exist and none is removed before the transaction
 * ends. Throws `invalid_input` naming those that are not set.
 */
export async function holdSecrets(
  tx: Tx,
  organizationId: string,
  workspaceId: string,
  names: readonly string[],
): Promise<void> {
  if (names.length === 0) return
  const held = await holdNames(tx.db, organizationId, workspaceId, [...new Set(names)])
  refuseMissing(names.filter((name) => !held.has(name)))
}

/**
 * The values of secrets by name, for a launch and nothing else. Throws `invalid_input` naming those that are not set,
 * `unavailable` when the installation's key does not open them.
 */
export async function revealSecrets(
  db: Queryable,
  keys: MasterKey,
  organizationId: string,
  workspaceId: string,
  names: readonly string[],
): Promise<Record<string, string>> {
  if (names.length === 0) return {}
  const found = await readSealed(db, organizationId, workspaceId, [...new Set(names)])
  refuseMissing(names.filter((name) => !found.has(name)))
  refuseLost(names.filter((name) => found.get(name) === null))
  const sealed = [...found].flatMap(([name, bytes]) => (bytes ? [[name, bytes] as const] : []))
  const dataKey = await findDataKey(db, organizationId)
  if (!dataKey) throw unreadable()
  const vault = openVault(keys, organizationId, dataKey)
  try {
    return Object.fromEntries(sealed.map(([name, bytes]) => [name, vault.open(workspaceId, name, bytes)]))
  } catch {
    throw unreadable()
  }
}

async function mustExist(db: Queryable, organizationId: string, workspaceId: string): Promise<void> {
  if (!(await workspaceExists(db, organizationId, workspaceId))) throw notFound('workspace')
}

/** The organization's sealed data key, made at the first secret. */
async function dataKeyOf(tx: Tx, keys: MasterKey, organizationId: string): Promise<Buffer> {
  const present = await findDataKey(tx.db, organizationId)
  if (present) return present
  await insertDataKey(tx.db, organizationId, newDataKey(keys, organizationId), tx.now)
  return (await findDataKey(tx.db, organizationId))!
}

function openVault(keys: MasterKey, organizationId: string, sealedDataKey: Buffer) {
  try {
    return vaultOf(keys, organizationId, sealedDataKey)
  } catch {
    throw unreadable()
  }
}

function refuseMissing(names: readonly string[]): void {
  if (names.length === 0) return
  const listed = [...new Set(names)].map((name) => `"${name}"`).join(', ')
  throw new Refusal(
    'invalid_input',
    `The workspace has no secret ${listed}; set ${names.length === 1 ? 'it' : 'them'} first.`,
  )
}

function refuseLost(names: readonly string[]): void {
  if (names.length === 0) return
  const listed = [...new Set(names)].map((name) => `"${name}"`).join(', ')
  throw new Refusal(
    'invalid_input',
    `The value of the secret ${listed} was lost with the key it was sealed with; set ${names.length === 1 ? 'it' : 'them'} anew.`,
  )
}

const unreadable = () =>
  new Refusal(
    'unavailable',
    "The organization's secrets cannot be opened: BERTH_SECRET_KEY is not the one they were sealed with.",
  )
