import type { Tier } from '@berth/contracts'

/** What a tier demands, as a sentence. */
export function demandsOf({ sandbox, checkEveryCall }: Tier): string {
  const first = sandbox === 'required' ? 'Needs a sandbox' : 'Sandboxed where the machine can'
  return checkEveryCall ? `${first}; checks every call in the database.` : `${first}.`
}
