import { timingSafeEqual } from 'node:crypto'
import { isLoopback, type Config } from '../../platform/config.ts'
import { sha256 } from '../../platform/crypto.ts'
import type { Queryable } from '../../platform/db/database.ts'
import type { Platform } from '../../platform/platform.ts'
import { Refusal } from '../../platform/problem.ts'

const alphabet = 'ABCDEFGHJKMNPQRSTUVWXYZ23456789'

export const setupCodeHeader = 'x-berth-setup-code'

/** Whether people on other machines can reach the sign-up page. */
export function isExposed(config: Config): boolean {
  if (!isLoopback(config.host)) return true
  if (!config.publicUrl) return false
  return !isLoopback(new URL(config.publicUrl).hostname.replace(/^\[|\]$/g, ''))
}

export interface SetupState {
  operatorClaimed: boolean
  setupCodeRequired: boolean
}

export async function setupState(db: Queryable, config: Config): Promise<SetupState> {
  const { operatorClaimedBy } = await db.selectFrom('installation').selectAll().executeTakeFirstOrThrow()
  const operatorClaimed = operatorClaimedBy !== null
  return { operatorClaimed, setupCodeRequired: !operatorClaimed && isExposed(config) }
}

/**
 * The code that the first account must show, for printing at start; null when none is needed. It follows from the
 * installation's key and birth, so every process knows the same one and none stores it. It is worth nothing once
 * there is an operator.
 */
export async function setupCode(platform: Pick<Platform, 'db' | 'config' | 'keys'>): Promise<string | null> {
  const { setupCodeRequired } = await setupState(platform.db, platform.config)
  return setupCodeRequired ? deriveCode(platform) : null
}

/** Refuses a sign-up without the code where the first account would become operator of an exposed host. */
export async function demandSetupCode(
  platform: Pick<Platform, 'db' | 'config' | 'keys'>,
  given: string | undefined,
): Promise<void> {
  const code = await setupCode(platform)
  if (code === null || (given !== undefined && isSame(given, code))) return
  throw new Refusal(
    'setup_code_required',
    given === undefined
      ? 'The first account of this installation needs the set-up code that the server printed when it started.'
      : 'This is not the set-up code that the server printed when it started.',
  )
}

async function deriveCode({ db, keys }: Pick<Platform, 'db' | 'keys'>): Promise<string> {
  const { createdAt } = await db.selectFrom('installation').select('createdAt').executeTakeFirstOrThrow()
  const bytes = keys.derive(`set-up-code:${createdAt.toISOString()}`).subarray(0, 16)
  const letters = [...bytes].map((byte) => alphabet[byte % alphabet.length]).join('')
  return letters.match(/.{4}/g)!.join('-')
}

/** Compares in constant time, whatever the spelling: case, spaces and hyphens do not count. */
function isSame(given: string, code: string): boolean {
  const plain = (text: string) => sha256(text.toUpperCase().replace(/[^A-Z0-9]/g, ''))
  return timingSafeEqual(plain(given), plain(code))
}
