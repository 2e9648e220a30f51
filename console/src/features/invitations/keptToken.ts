const key = 'berth.invitation'
let inMemory: string | null = null

/** Keeps an invitation's secret in this tab, while the person makes an account or signs in: no address has to carry it. */
export function keepToken(token: string): void {
  inMemory = token
  try {
    sessionStorage.setItem(key, token)
  } catch {
    // Storage may be closed; it is then known until the page is loaded anew.
  }
}

export function keptToken(): string | null {
  try {
    return sessionStorage.getItem(key) ?? inMemory
  } catch {
    return inMemory
  }
}

export function forgetToken(): void {
  inMemory = null
  try {
    sessionStorage.removeItem(key)
  } catch {
    // Nothing was kept there.
  }
}
