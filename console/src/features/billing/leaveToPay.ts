const key = 'berth.checkout'

/** Leaves for a checkout, and keeps in mind from where: the payment provider leads back to the page of billing. */
export function leaveToPay(url: string): void {
  try {
    sessionStorage.setItem(key, window.location.pathname + window.location.search)
  } catch {
    // Storage may be closed; one then comes back to billing.
  }
  window.location.assign(url)
}

/** From where somebody left for a checkout whose end they come back from, told once; null: from nowhere in this tab. */
export function leftFrom(): string | null {
  try {
    const from = sessionStorage.getItem(key)
    sessionStorage.removeItem(key)
    return from
  } catch {
    return null
  }
}
