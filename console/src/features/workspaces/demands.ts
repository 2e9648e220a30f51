import type { Tier } from '@berth/contracts'

/** What a tier demands, as a sentence. */
export function demandsOf({ sandbox, allowLocal, checkEveryCall }: Tier): string {
  const demands = [
    sandbox === 'required' ? 'Needs a sandbox' : 'Sandboxed where the machine can',
    ...(allowLocal ? [] : ['runs no servers from folders']),
    ...(checkEveryCall ? ['checks every call in the database'] : []),
  ]
  return `${demands.join('; ')}.`
}

/** Why a server from a folder would be held in a tier, and which tiers run it; null: it would not. */
export function heldFor(
  kind: string | undefined,
  tier: Tier | undefined,
  tiers: readonly Tier[],
): string | null {
  if (kind !== 'local' || !tier || tier.allowLocal) return null
  const others = tiers.filter(({ allowLocal }) => allowLocal).map(({ code }) => code)
  const way =
    others.length > 0 ? `These tiers do: ${others.join(', ')}.` : 'No tier does; an operator can change that.'
  return `It would be held: the tier ${tier.code} does not run servers from folders. ${way}`
}
