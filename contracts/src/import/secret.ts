const secretWords = /key|token|secret|passw|pwd|credential|auth|cookie|session|private|dsn/i
const knownSecrets =
  /^(?:Bearer |Basic |sk-|gh[pousr]_|github_pat_|glpat-|xox[a-z]-|AKIA|AIza|eyJ|berth_|-----BEGIN)/
const passwordInUrl = /^[a-z][a-z0-9+.-]*:\/\/[^/@\s]*:[^/@\s]+@/i

/** Whether a value is better kept as a secret: by its name, its form, or because it looks random. */
export function looksSecret(name: string, value: string): boolean {
  if (secretWords.test(name)) return !/^(?:true|false|\d{1,4}|)$/i.test(value)
  return knownSecrets.test(value) || passwordInUrl.test(value) || looksRandom(value)
}

/** Long, without white space or path, and mixing letters with digits. */
function looksRandom(value: string): boolean {
  return /^[A-Za-z0-9+_=-]{24,}$/.test(value) && /\d/.test(value) && /[A-Za-z]/.test(value)
}
