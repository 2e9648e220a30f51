/** The secret key in a backup: never open, only sealed with a passphrase. */
import { randomBytes, scryptSync } from 'node:crypto'
import { open, seal } from '../crypto.ts'
import { BackupError } from './manifest.ts'

export const keyEntry = 'secret.key.sealed'
const context = 'backup-secret-key'
/** 128 MB and about a third of a second a guess. */
const cost = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 * 1024 }

export function sealKey(base64: string, passphrase: string): Buffer {
  const salt = randomBytes(16)
  const key = scryptSync(passphrase, salt, 32, cost)
  return Buffer.concat([salt, seal(key, Buffer.from(base64), context)])
}

/** Throws a sentence when the passphrase is not the one. */
export function openKey(sealed: Buffer, passphrase: string): string {
  const key = scryptSync(passphrase, sealed.subarray(0, 16), 32, cost)
  try {
    return open(key, sealed.subarray(16), context).toString()
  } catch {
    throw new BackupError('BERTH_BACKUP_PASSPHRASE is not the one this backup was made with.')
  }
}
