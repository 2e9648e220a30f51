/** What one check found: `fault` is to be mended, `weaker` works but not as well as it could. */
export interface Finding {
  check: string
  level: 'ok' | 'weaker' | 'fault'
  sentence: string
  /** What to do about it; absent when all is well or the sentence says it. */
  remedy?: string
}

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
