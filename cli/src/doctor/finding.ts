import type { Finding as Shared } from '@berth/contracts'

/** What one check found: `fault` is to be mended, `weaker` works but not as well as it could. */
export interface Finding {
  check: string
  level: 'ok' | 'weaker' | 'fault'
  sentence: string
  /** What to do about it; absent when all is well or the sentence says it. */
  remedy?: string
}

const levels = { ok: 'ok', degraded: 'weaker', down: 'fault' } as const

/** What a check that the server shares says. */
export const said = (check: string, { state, sentence, remedy }: Shared): Finding => ({
  check,
  level: levels[state],
  sentence,
  ...(remedy === null ? {} : { remedy }),
})

export const ok = (check: string, sentence: string): Finding => ({ check, level: 'ok', sentence })

export const weaker = (check: string, sentence: string, remedy?: string): Finding => ({
  check,
  level: 'weaker',
  sentence,
  remedy,
})

export const fault = (check: string, sentence: string, remedy?: string): Finding => ({
  check,
  level: 'fault',
  sentence,
  remedy,
})
