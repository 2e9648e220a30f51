import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hash,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'

export const sha256 = (data: string | Buffer): Buffer => hash('sha256', data, 'buffer')
export const sha256Hex = (data: string | Buffer): string => `sha256:${sha256(data).toString('hex')}`

/** The installation's key, from which every other key is derived or with which it is sealed. */
export interface MasterKey {
  /** 32 bytes for one purpose, always the same. */
  derive(purpose: string): Buffer
}

export function masterKey(base64: string): MasterKey {
  const key = Buffer.from(base64, 'base64')
  return { derive: (purpose) => Buffer.from(hkdfSync('sha256', key, '', `berth:${purpose}`, 32)) }
}

/**
 * Tells a key without giving it away: what is sealed names the key that opens it, and a wrong one is refused before it
 * does harm.
 */
export const keyCheckOf = (key: MasterKey): string => key.derive('key-check').toString('hex').slice(0, 32)

const keyFile = (dataDir: string) => path.join(dataDir, 'secret.key')

/** The key that is kept in the data directory, in base64; null: none. */
export function storedKey(dataDir: string): string | null {
  try {
    return readFileSync(keyFile(dataDir), 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** The key from the settings, or the one in the data directory, made there (mode 0600) when absent. */
export function loadMasterKey(configured: string | null, dataDir: string): MasterKey {
  if (configured) return masterKey(configured)
  const file = keyFile(dataDir)
  mkdirSync(dataDir, { recursive: true })
  if (!existsSync(file)) {
    // Whole before it has the name: another process that starts now must not read a half.
    const fresh = `${file}.${randomBytes(6).toString('hex')}`
    writeFileSync(fresh, `${newKey()}\n`, { flag: 'wx', mode: 0o600, flush: true })
    try {
      linkSync(fresh, file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      rmSync(fresh)
    }
  }
  chmodSync(file, 0o600)
  return masterKey(storedKey(dataDir)!)
}

export const newKey = (): string => randomBytes(32).toString('base64')

/** Encrypts with AES-256-GCM; `context` must be the same to open it. Layout: version, 12 bytes nonce, tag, text. */
export function seal(key: Buffer, plaintext: Buffer, context: string): Buffer {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context))
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return Buffer.concat([Buffer.from([1]), nonce, cipher.getAuthTag(), body])
}

/** Opens what `seal` made; throws when key, context or bytes are not the same. */
export function open(key: Buffer, sealed: Buffer, context: string): Buffer {
  if (sealed[0] !== 1) throw new Error('unknown seal version')
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 13), { authTagLength: 16 })
  decipher.setAAD(Buffer.from(context)).setAuthTag(sealed.subarray(13, 29))
  return Buffer.concat([decipher.update(sealed.subarray(29)), decipher.final()])
}

/** A value signed for the installation's other processes. */
export function sign(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url')
}

export function verifySignature(key: Buffer, text: string, signature: string): boolean {
  const expected = Buffer.from(sign(key, text))
  const given = Buffer.from(signature)
  return expected.length === given.length && timingSafeEqual(expected, given)
}
